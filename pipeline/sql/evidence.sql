-- grain: event
-- reads: events
-- why: the events that show a finding, most telling first
select
    e.event_time,
    e.source,
    e.event_id,
    e.action,
    e.access,
    e.outcome,
    e.resource_id,
    e.source_ip,
    e.network,
    e.client,
    e.source_file,
    e.record_index,
    e.tool_arguments,
    e.tool_result,
    e.raw
from events as e
where e.event_date between $first_day and $last_day and list_contains($ids, e.event_id)
order by list_position($ids, e.event_id)
