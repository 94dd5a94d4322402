-- grain: tool call, argument, word
-- reads: calls, function_words
-- why: what a call is about: the words of the tool's name (argument null) and of its arguments
with argued as (
    select
        c.trace_id,
        c.call_no,
        case when json_valid(c.arguments) then a.key else '' end as argument,
        a.value ->> '$' as text
    from calls as c,
        json_each(
            case when json_valid(c.arguments) then c.arguments else json_object('', c.arguments) end
        ) as a
    where c.arguments is not null
),

words as (
    select
        trace_id,
        call_no,
        argument,
        unnest(regexp_extract_all(lower(text), $word)) as word
    from argued
    union
    select trace_id, call_no, null as argument, unnest(tool_words) as word
    from calls
)

select w.trace_id, w.call_no, w.argument, w.word
from words as w
anti join function_words as f on f.word = w.word
