-- grain: judged trace
-- reads: calls
-- why: a run that makes the same call, word for word, far more often than runs do
with repeats as (
    select
        trace_id,
        judged,
        tool_name,
        count(*) as times,
        min(event_id) as event_id,
        list(event_id order by call_no) as event_ids
    from calls
    group by trace_id, judged, tool_name, arguments
),

usual as (
    select coalesce(quantile_cont(most, 0.99), 1) as times, count(*) as runs
    from (select trace_id, max(times) as most from repeats where not judged group by trace_id)
)

select
    r.trace_id,
    max(r.times) as times,
    arg_max(r.tool_name, r.times) as tool_name,
    arg_max(r.event_ids, r.times) as event_ids,
    any_value(u.times) as usual_times,
    max(r.times) / greatest(any_value(u.times), $least_repeats) as ratio
from repeats as r
cross join usual as u
where r.judged
group by r.trace_id
