-- grain: trace of the bucket
-- reads: calls, prompts
-- why: a run's outline: its tools in order, the call it repeats most, what it tries after it was
--      denied, and what of its texts the log has
with repeats as (
    select
        trace_id,
        tool_name,
        arguments is not null as argued,
        count(*) as times,
        list(event_id order by call_no)[:50] as event_ids
    from calls
    group by trace_id, tool_name, arguments
),

-- Calls of one tool are the same call if their arguments are. Where the log has none, they are
-- calls of one tool and no more: a page each, perhaps.
most_repeated as (
    select
        trace_id,
        max(times) filter (where argued) as repeats,
        arg_max(tool_name, (times, event_ids)) filter (where argued) as repeated_tool,
        arg_max(event_ids, (times, event_ids)) filter (where argued) as repeated_events,
        max(times) filter (where not argued) as recurrences,
        arg_max(tool_name, (times, event_ids)) filter (where not argued) as recurring_tool,
        arg_max(event_ids, (times, event_ids)) filter (where not argued) as recurring_events
    from repeats
    group by trace_id
),

denied as (
    select trace_id, count(*) as denials, min(call_no) as first_denial
    from calls
    where outcome = 'denied'
    group by trace_id
),

-- Another way to what was denied: the same tool with other arguments, or another on the resource.
retried as (
    select
        c.trace_id,
        count(distinct coalesce(c.arguments, '') || c.tool_name) as retries,
        list_sort(list(distinct c.event_id))[:50] as retry_events,
        max(c.call_no) as last_retry
    from calls as c
    semi join calls as d
        on d.trace_id = c.trace_id and d.outcome = 'denied' and d.call_no < c.call_no
        and (d.tool_name = c.tool_name or d.resource_id = c.resource_id)
        and (d.tool_name <> c.tool_name or d.arguments is distinct from c.arguments)
    group by c.trace_id
),

chains as (
    select
        trace_id,
        any_value(identity_id) as identity_id,
        count(*) as calls,
        count(arguments) as argued,
        count(result) as returned,
        count(*) filter (where is_unread) as unread,
        coalesce(
            bool_or(regexp_matches(concat_ws(' ', arguments, result), $fingerprint)), false
        ) as hashed,
        list(tool_name order by call_no) as tools,
        list(event_id order by call_no) as event_ids
    from calls
    group by trace_id
)

select
    c.trace_id,
    c.identity_id,
    p.scope,
    p.judged,
    p.prompt,
    c.hashed or coalesce(regexp_matches(p.prompt, $fingerprint), false) as hashed,
    -- Calls kept as fingerprints cannot be compared with a prompt in clear. The other way round
    -- nothing is told: calls may have no words that are hashed.
    p.prompt is not null
    and (regexp_matches(p.prompt, $fingerprint) or not c.hashed) as prompted,
    -- What most of the calls can be judged by. Where results are in the log, a call without
    -- arguments is taken for one that had none.
    case
        when c.argued * 2 < c.calls and c.returned * 2 < c.calls then 'names'
        when c.unread * 2 > c.calls then 'arguments'
        else 'results'
    end as texts,
    c.calls,
    c.returned,
    c.tools,
    c.event_ids,
    coalesce(m.repeats, 0) as repeats,
    m.repeated_tool,
    m.repeated_events,
    coalesce(m.recurrences, 0) as recurrences,
    m.recurring_tool,
    m.recurring_events,
    coalesce(d.denials, 0) as denials,
    coalesce(r.retries, 0) as retries,
    r.retry_events,
    r.last_retry
from chains as c
join prompts as p on p.trace_id = c.trace_id
join most_repeated as m on m.trace_id = c.trace_id
left join denied as d on d.trace_id = c.trace_id
left join retried as r on r.trace_id = c.trace_id
