-- grain: agent
-- reads: trace_overview
-- why: the choices of the traces page
select distinct identity_id
from trace_overview
order by identity_id
