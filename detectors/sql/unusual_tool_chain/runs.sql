-- grain: trace
-- reads: traces, chains, steered, leaks, novelty, firsts, drift, usual_shapes
-- why: the worst of each part for every run, earlier ones too, with what shows it
with history as (
    select identity_id, count(*) as runs, count(distinct day) as days
    from traces
    where not judged
    group by identity_id
)

select
    t.trace_id,
    t.identity_id,
    t.judged,
    t.first_seen,
    t.last_seen,
    c.calls,
    c.results,
    c.argued,
    c.tools,
    c.event_ids,
    c.prompt,
    coalesce(h.runs, 0) as history_runs,
    coalesce(h.days, 0) as history_days,
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
    coalesce(f.new_tools, 0) as new_tools,
    f.new_tool_names,
    coalesce(f.new_origin, 0) as new_origin,
    f.origin_call,
    f.origin_argument,
    f.origin,
    coalesce(d.drift, 0) as drift,
    d.other_agent,
    c.repeats,
    c.repeated_tool,
    c.repeated_events,
    c.denials,
    c.retries,
    c.retry_events,
    c.last_retry,
    u.repeats as usual_repeats,
    u.calls as usual_calls,
    u.retries as usual_retries
from traces as t
join chains as c on c.trace_id = t.trace_id
cross join usual_shapes as u
left join history as h on h.identity_id = t.identity_id
left join steered as s on s.trace_id = t.trace_id
left join leaks as l on l.trace_id = t.trace_id
left join novelty as n on n.trace_id = t.trace_id
left join firsts as f on f.trace_id = t.trace_id
left join drift as d on d.trace_id = t.trace_id
