-- grain: trace
-- reads: explained, usual_explanations
-- why: the call that a result's sentence explains most, beyond what is usual for its tool
with beyond_usual as (
    select
        e.trace_id,
        e.call_no,
        e.from_call,
        e.sentence_no,
        e.text,
        e.words,
        e.weight - coalesce(u.weight, 0) as weight
    from explained as e
    left join usual_explanations as u on u.tool_name = e.tool_name
)

select trace_id, call_no, from_call, sentence_no, text, words, weight
from beyond_usual
where weight > 0
qualify row_number() over (partition by trace_id order by weight desc, call_no) = 1
