-- grain: event
-- reads: events
-- why: the events that a finding points at, in its order
select
    event_time, source, action, access, outcome, resource_id, source_ip, network, client,
    tool_name, tool_arguments, tool_result, event_id, raw
from events
where event_date between $first and $last and list_contains($ids, event_id)
order by list_position($ids, event_id)
