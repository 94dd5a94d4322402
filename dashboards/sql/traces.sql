-- grain: trace
-- reads: trace_overview
-- why: the runs of agents, those with findings first
select trace_id, started_at, identity_id, calls, score, finding, prompt, chain
from trace_overview
where $agent is null or identity_id = $agent
order by finding_id is null, score desc nulls last, started_at desc
limit 500
