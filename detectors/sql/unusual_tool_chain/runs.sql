-- grain: trace
-- reads: traces, chains, earlier_runs, alike_runs, steered, leaks, novelty, new_origins, new_steps,
--        drift, usual_shapes, usual_recurrences
-- why: the worst of each part for every run, with what shows it
select
    t.trace_id,
    t.identity_id,
    t.judged,
    t.first_seen,
    t.last_seen,
    c.texts,
    c.prompted,
    c.hashed,
    c.calls,
    c.returned,
    c.tools,
    c.event_ids,
    c.prompt,
    coalesce(h.runs, 0) as history_runs,
    coalesce(h.days, 0) as history_days,
    coalesce(a.runs, 0) as alike_runs,
    coalesce(s.weight, 0) as steered,
    s.call_no as steered_call,
    s.from_call,
    s.sentence_no,
    s.text as sentence,
    s.words,
    coalesce(l.weight, 0) as leak,
    l.call_no as leak_call,
    l.destination,
    l.carries,
    l.untrusted,
    l.private,
    coalesce(n.weight, 0) as novelty,
    n.call_no as novel_call,
    coalesce(o.weight, 0) as new_origin,
    o.call_no as origin_call,
    o.argument as origin_argument,
    o.origin,
    f.new_tools,
    f.new_tool_names,
    f.new_steps,
    f.new_step_calls,
    coalesce(d.drift, 0) as drift,
    d.other_agent,
    c.repeats,
    c.repeated_tool,
    c.repeated_events,
    c.recurrences,
    c.recurring_tool,
    c.recurring_events,
    c.denials,
    c.retries,
    c.retry_events,
    c.last_retry,
    u.repeats as usual_repeats,
    greatest(coalesce(r.recurrences, 0), $least_recurrences) as usual_recurrences,
    u.calls as usual_calls,
    u.retries as usual_retries,
    -- whether the loop is one of calls whose arguments are not known
    c.recurrences / usual_recurrences > c.repeats / usual_repeats as recurs
from traces as t
join chains as c on c.trace_id = t.trace_id
cross join usual_shapes as u
join new_steps as f on f.trace_id = t.trace_id
left join usual_recurrences as r on r.tool_name = c.recurring_tool
left join earlier_runs as h on h.identity_id = t.identity_id
left join alike_runs as a
    on a.identity_id = c.identity_id and a.texts = c.texts
    and a.prompted = c.prompted and a.hashed = c.hashed
left join steered as s on s.trace_id = t.trace_id
left join leaks as l on l.trace_id = t.trace_id
left join novelty as n on n.trace_id = t.trace_id
left join new_origins as o on o.trace_id = t.trace_id
left join drift as d on d.trace_id = t.trace_id
