-- grain: trace
-- reads: arguments, chains, usual_novelty
-- why: the call whose arguments bring in more words nobody used before than these arguments do (of
--      a tool that no earlier run used: any)
with beyond as (
    select
        a.trace_id,
        a.call_no,
        sum(greatest(0, a.novelty - coalesce(u.novelty, 0))) as weight
    from arguments as a
    join chains as c on c.trace_id = a.trace_id
    left join usual_novelty as u
        on u.tool_name = a.tool_name and u.argument = a.argument and u.prompted = c.prompted
    where a.argument is not null
    group by a.trace_id, a.call_no
)

select trace_id, call_no, weight
from beyond
qualify row_number() over (partition by trace_id order by weight desc, call_no) = 1
