-- grain: source, event_date, identity_id, from_tool, to_tool
-- reads: events, todo
-- why: which tool follows which in an agent's runs; order is by time, then id, within a trace
with day_calls as (
    select e.source, e.event_date, e.identity_id, e.identity_kind, e.trace_id, e.event_time,
        e.event_id, e.tool_name
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    where e.identity_id is not null and e.tool_name is not null and e.trace_id is not null
),

steps as (
    select
        source, event_date, identity_id, identity_kind, trace_id, tool_name,
        lag(tool_name, 1, '(start)') over run as tool_before,
        lead(tool_name) over run as tool_after
    from day_calls
    window run as (
        partition by source, event_date, identity_id, trace_id
        order by event_time, event_id
    )
),

edges as (
    select source, event_date, identity_id, identity_kind, trace_id,
        tool_before as from_tool, tool_name as to_tool
    from steps
    union all
    select source, event_date, identity_id, identity_kind, trace_id, tool_name, '(end)'
    from steps
    where tool_after is null
)

select
    source,
    event_date,
    identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    from_tool,
    to_tool,
    count(*) as events,
    count(distinct trace_id) as traces
from edges
group by source, event_date, identity_id, from_tool, to_tool
