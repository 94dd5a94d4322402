-- grain: tool
-- reads: calls, explanations
-- why: what earlier runs show is usual for a tool is no news: a one-time code is read in a mail and
--      typed in. Few runs say little (shrunk towards 0), and no more than $most_forgiven is ever
--      taken off, so that an attack in the history cannot hide the next.
with best as (
    select c.trace_id, c.call_no, c.tool_name, coalesce(max(e.weight), 0) as weight
    from calls as c
    left join explanations as e on e.trace_id = c.trace_id and e.call_no = c.call_no
    where not c.judged
    group by c.trace_id, c.call_no, c.tool_name
),

runs as (
    select trace_id, tool_name, max(weight) as weight
    from best
    group by trace_id, tool_name
)

select
    tool_name,
    count(*) as runs,
    least(quantile_cont(weight, 0.9) * count(*) / (count(*) + 2), $most_forgiven) as weight
from runs
group by tool_name
