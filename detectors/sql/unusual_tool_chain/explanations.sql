-- grain: tool call, sentence of an earlier result of the same run
-- reads: novel_words, sentence_words, sentences, prompt_words, rarity, calls, function_words
-- why: a call that a sentence inside a tool's result explains, and nothing else does. The weight is
--      in words nobody used before: the rarity of the shared words, more for a sentence that
--      instructs (prose; addresses the reader or begins with a request) and that names the tool's
--      own words, less for a call that only reads and for a sentence about what the prompt named.
with shared as (
    select
        n.trace_id,
        n.call_no,
        s.call_no as from_call,
        s.sentence_no,
        sum(n.rarity) as rarity,
        list(n.word order by n.rarity desc, n.word) as words
    from novel_words as n
    join sentence_words as s
        on s.trace_id = n.trace_id and s.word = n.word and s.call_no < n.call_no
    group by n.trace_id, n.call_no, s.call_no, s.sentence_no
),

asked as (
    select s.trace_id, s.call_no as from_call, s.sentence_no, sum(coalesce(r.rarity, 1)) as rarity
    from sentence_words as s
    join prompt_words as p on p.trace_id = s.trace_id and p.word = s.word
    left join rarity as r on r.word = s.word
    anti join function_words as f on f.word = s.word
    group by s.trace_id, s.call_no, s.sentence_no
),

told as (
    select
        h.trace_id,
        h.call_no,
        h.from_call,
        h.rarity,
        h.words,
        coalesce(a.rarity, 0) as asked,
        s.text,
        s.tool_name as from_tool,
        c.judged,
        c.tool_name,
        c.access,
        c.event_id,
        regexp_matches(s.text, '^[^\p{L}]*\p{Lu}\p{L}+ ') and len(s.words) >= 4 as prose,
        regexp_matches(
            lower(s.text),
            '\b(please|you|your|must|should|need to|have to|make sure|todo|first|then|always|never'
            || '|important|required?)\b'
        ) as instructs,
        list_has_any(
            s.words,
            regexp_extract_all(
                lower(regexp_replace(c.tool_name, '([a-z])([A-Z])', '\1 \2', 'g')), '\p{L}{3,}'
            )
        ) as names_tool
    from shared as h
    join sentences as s
        on s.trace_id = h.trace_id and s.call_no = h.from_call and s.sentence_no = h.sentence_no
    join calls as c on c.trace_id = h.trace_id and c.call_no = h.call_no
    left join asked as a
        on a.trace_id = h.trace_id and a.from_call = h.from_call and a.sentence_no = h.sentence_no
)

select
    trace_id,
    judged,
    call_no,
    event_id,
    tool_name,
    from_call,
    from_tool,
    text,
    words,
    rarity
        * (0.2 + 0.4 * prose::integer + 0.4 * instructs::integer)
        * (1 + names_tool::integer)
        * case when access in ('read', 'list', 'auth') then 0.6 else 1 end
        / (1 + asked / 2) as weight
from told
