-- grain: trace
-- reads: events, traces
-- why: all that the user, or the agent that called this one, asked in the run
select
    e.trace_id,
    left(string_agg(distinct e.prompt, chr(10)), $text_limit) as prompt
from events as e
semi join traces as t on t.trace_id = e.trace_id
where e.prompt is not null and e.event_date between $history_start and $day + 1
group by e.trace_id
