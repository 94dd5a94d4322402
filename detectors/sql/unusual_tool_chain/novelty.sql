-- grain: trace
-- reads: arguments, usual_novelty
-- why: the call whose arguments bring in more words nobody used before than these arguments do (of
--      a tool that no earlier run used: any)
with beyond as (
    select
        a.trace_id,
        a.call_no,
        sum(greatest(0, a.novelty - coalesce(u.novelty, 0))) as weight
    from arguments as a
    left join usual_novelty as u
        on u.tool_name = a.tool_name and u.argument is not distinct from a.argument
    group by a.trace_id, a.call_no
)

select trace_id, call_no, weight
from beyond
qualify row_number() over (partition by trace_id order by weight desc, call_no) = 1
