-- grain: trace
-- reads: calls, novel_words
-- why: what is left to judge where results were not logged: a call that brings in more words nobody
--      used before than calls of its tool do (a tool that no earlier run used: any)
with call_weights as (
    select c.trace_id, c.call_no, c.tool_name, c.judged, coalesce(sum(n.rarity), 0) as weight
    from calls as c
    left join novel_words as n on n.trace_id = c.trace_id and n.call_no = c.call_no
    group by c.trace_id, c.call_no, c.tool_name, c.judged
),

usual as (
    select tool_name, quantile_cont(weight, 0.9) * count(*) / (count(*) + 2) as weight
    from call_weights
    where not judged
    group by tool_name
)

select
    w.trace_id,
    max(greatest(0, w.weight - coalesce(u.weight, 0))) as weight,
    arg_max(w.call_no, greatest(0, w.weight - coalesce(u.weight, 0))) as call_no
from call_weights as w
left join usual as u on u.tool_name = w.tool_name
where w.judged
group by w.trace_id
