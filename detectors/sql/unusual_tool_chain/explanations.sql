-- grain: tool call that a sentence of an earlier result of the same run explains: the best one
-- reads: novel_words, sentence_words, sentences, prompt_words, prompts, rarity, calls,
--        function_words, request_words
-- why: a call that a sentence inside a tool's result explains, and nothing else does. The weight is
--      in words nobody used before: the rarity of the shared words, more for a sentence in prose
--      (begins like one) that instructs (addresses or obliges the reader) and that names the tool's
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
    join prompts as t on t.trace_id = s.trace_id
    left join rarity as r on r.scope = t.scope and r.word = s.word
    anti join function_words as f on f.word = s.word
    group by s.trace_id, s.call_no, s.sentence_no
),

requests as (
    select distinct s.trace_id, s.call_no as from_call, s.sentence_no
    from sentence_words as s
    semi join request_words as r on r.word = s.word
),

told as (
    select
        h.trace_id,
        h.call_no,
        h.from_call,
        h.sentence_no,
        h.rarity,
        h.words,
        coalesce(a.rarity, 0) as asked,
        s.text,
        c.tool_name,
        c.access,
        len(s.words) >= 4 and regexp_matches(s.text, '^[^\p{L}]*[\p{Lu}\p{Lo}]\p{L}*\s') as prose,
        r.trace_id is not null as instructs,
        list_has_any(s.words, c.tool_words) as names_tool
    from shared as h
    join sentences as s
        on s.trace_id = h.trace_id and s.call_no = h.from_call and s.sentence_no = h.sentence_no
    join calls as c on c.trace_id = h.trace_id and c.call_no = h.call_no
    left join asked as a
        on a.trace_id = h.trace_id and a.from_call = h.from_call and a.sentence_no = h.sentence_no
    left join requests as r
        on r.trace_id = h.trace_id and r.from_call = h.from_call and r.sentence_no = h.sentence_no
),

weighed as (
    select
        *,
        rarity
            * (0.2 + 0.6 * prose::integer + 0.2 * instructs::integer)
            * (1 + names_tool::integer)
            * case when access in ('read', 'list', 'auth') then 0.6 else 1 end
            / (1 + asked / 2) as weight
    from told
)

select trace_id, call_no, tool_name, from_call, sentence_no, text, words, weight
from weighed
qualify row_number() over (
    partition by trace_id, call_no order by weight desc, from_call, sentence_no
) = 1
