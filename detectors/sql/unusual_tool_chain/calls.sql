-- grain: tool call
-- reads: events, traces
-- why: each run's tool calls in order, their texts cut to a bearable length
select
    e.trace_id,
    t.judged,
    t.identity_id,
    e.event_id,
    e.event_time,
    e.tool_name,
    e.access,
    left(e.tool_arguments, $text_limit) as arguments,
    left(e.tool_result, $text_limit) as result,
    row_number() over (partition by e.trace_id order by e.event_time, e.event_id) as call_no
from events as e
join traces as t on t.trace_id = e.trace_id
where e.tool_name is not null and e.event_date between $history_start and $day + 1
