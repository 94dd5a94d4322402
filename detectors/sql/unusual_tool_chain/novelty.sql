-- grain: trace
-- reads: arguments, chains
-- why: a call whose argument brings in more words nobody used before, from nowhere the log shows,
--      than this argument of its tool does (a tool that no earlier run used: any)
with weights as (
    select a.trace_id, a.call_no, a.tool_name, a.argument, a.origin, a.novelty, c.judged
    from arguments as a
    join chains as c on c.trace_id = a.trace_id
),

usual as (
    select
        tool_name,
        argument,
        quantile_cont(novelty, 0.9) * count(*) / (count(*) + 2) as novelty
    from weights
    where not judged
    group by tool_name, argument
),

beyond as (
    select
        w.trace_id,
        w.call_no,
        sum(greatest(0, w.novelty - coalesce(u.novelty, 0))) as weight
    from weights as w
    left join usual as u
        on u.tool_name = w.tool_name and u.argument is not distinct from w.argument
    group by w.trace_id, w.call_no
)

select trace_id, call_no, weight
from beyond
qualify row_number() over (partition by trace_id order by weight desc, call_no) = 1
