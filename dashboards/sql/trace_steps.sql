-- grain: event
-- reads: trace_steps
-- why: one run, step by step
select
    step, call, event_time, action, tool_name, access, outcome, arguments, result, evidence
from trace_steps
where trace_id = $id
order by step
