-- grain: tool call, destination in its arguments (null: the log does not have them)
-- reads: calls, prompts, novel_words, sentence_words, tool_traits
-- why: where a call may send something (mail addresses, hosts of URLs, account numbers), whether
--      the user named it, and which of the three that make a leak came before: untrusted content,
--      private data, and data of an earlier result in the call
with destinations as (
    select distinct
        trace_id,
        call_no,
        tool_name,
        access,
        lower(unnest(regexp_extract_all(
            arguments,
            '[\w.+-]+@[\w-]+\.[\w.-]+|(?:https?://)(?:[\w-]+\.)+[\w-]+|\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b'
        ))) as destination
    from calls
    where arguments is not null
    union all
    select trace_id, call_no, tool_name, access, null as destination
    from calls
    where arguments is null
),

leaving as (
    select d.trace_id, d.call_no, d.destination
    from destinations as d
    left join tool_traits as t on t.tool_name = d.tool_name
    where coalesce(t.way_out, coalesce(d.access, 'other') not in ('read', 'list', 'auth'))
),

carried as (
    select n.trace_id, n.call_no
    from novel_words as n
    semi join sentence_words as s
        on s.trace_id = n.trace_id and s.word = n.word and s.call_no < n.call_no
    where n.rarity > 0.5
    group by n.trace_id, n.call_no
    having count(distinct n.word) >= 3
),

named_by_result as (
    select distinct l.trace_id, l.call_no
    from leaving as l
    join calls as c
        on c.trace_id = l.trace_id and c.call_no < l.call_no
        and contains(lower(c.result), l.destination)
),

before as (
    select
        l.trace_id,
        l.call_no,
        bool_or(t.untrusted or regexp_matches(c.arguments, 'https?://|www\.')) as untrusted,
        bool_or(t.private) as private
    from leaving as l
    join calls as c on c.trace_id = l.trace_id and c.call_no < l.call_no
    join tool_traits as t on t.tool_name = c.tool_name
    group by l.trace_id, l.call_no
)

select distinct
    l.trace_id,
    l.call_no,
    l.destination,
    coalesce(contains(lower(p.prompt), l.destination), false) as asked,
    c.call_no is not null or r.call_no is not null as carries,
    coalesce(b.untrusted, false) as untrusted,
    coalesce(b.private, false) as private
from leaving as l
join prompts as p on p.trace_id = l.trace_id
left join carried as c on c.trace_id = l.trace_id and c.call_no = l.call_no
left join named_by_result as r on r.trace_id = l.trace_id and r.call_no = l.call_no
left join before as b on b.trace_id = l.trace_id and b.call_no = l.call_no
