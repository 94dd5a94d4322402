-- grain: trace
-- reads: trace_overview
-- why: the runs of agents, those with findings first: 500 of them, and the one that was asked for
select
    trace_id, started_at, identity_id, calls, score, finding, prompt, chain,
    count(*) over () as runs
from trace_overview
where $agent is null or identity_id = $agent
qualify trace_id = $trace or row_number() over (
    order by finding_id is null, score desc nulls last, started_at desc, trace_id
) <= 500
order by finding_id is null, score desc nulls last, started_at desc, trace_id
