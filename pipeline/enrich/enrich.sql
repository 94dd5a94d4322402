-- grain: row of `parsed`, in its order
-- reads: parsed, networks, clients, access_levels
-- why: the columns that lookups add to a source's rows; all others stay as the source gave them
select
    p.event_time::date as event_date,
    coalesce(p.access, a.access, 'other') as access,
    n.network,
    n.country,
    n.cloud,
    c.client
from parsed as p
left join networks as n on n.source_ip = p.source_ip
left join clients as c on c.user_agent = p.user_agent
left join access_levels as a
    on a.action is not distinct from p.action
    and a.service is not distinct from p.service
    and a.tool_name is not distinct from p.tool_name
    and a.read_only is not distinct from p.read_only
order by p.row_index
