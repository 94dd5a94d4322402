-- grain: tool
-- reads: chains, explained
-- why: what earlier runs show is usual for a tool is no news: a one-time code is read in a mail and
--      typed in. Few runs say little (shrunk towards 0), and no more than $most_forgiven is ever
--      taken off, so that an attack in the history cannot hide the next. Runs whose results are not
--      in the log show nothing.
with used as (
    select distinct trace_id, unnest(tools) as tool_name
    from chains
    where texts = 'results'
),

weights as (
    select u.tool_name, u.trace_id, coalesce(max(e.weight), 0) as weight
    from used as u
    left join explained as e on e.trace_id = u.trace_id and e.tool_name = u.tool_name
    group by u.tool_name, u.trace_id
)

select
    tool_name,
    least(quantile_cont(weight, 0.9) * count(*) / (count(*) + 2), $most_forgiven) as weight
from weights
group by tool_name
