-- grain: event of a trace that has an event among the arrived
-- reads: arrived, events
-- why: an agent's run may come in several files, children before their parents: what the lake has
--      of these traces counts too. $own_agent is the pattern in `raw` of an event that names its
--      agent itself.
with traces as (
    select distinct trace_id
    from arrived
    where trace_id is not null
),

there as (
    select e.source, e.event_id, e.parent_id, e.trace_id, e.identity_id, e.identity_name,
        e.identity_kind, e.on_behalf_of, e.event_date, e.raw, true as landed
    from events as e
    semi join traces as t on t.trace_id = e.trace_id
    where e.source = $source and e.event_date between $first_day - 1 and $last_day + 1
),

-- Of copies the one that lands, as in landing.sql: the ways up would double at each step.
coming as (
    select distinct on (a.event_id)
        a.source, a.event_id, a.parent_id, a.trace_id, a.identity_id, a.identity_name,
        a.identity_kind, a.on_behalf_of, a.event_date, a.raw, false as landed
    from arrived as a
    anti join there as t on t.event_id = a.event_id
    where a.trace_id is not null
    order by a.event_id, a.source_file, a.record_index
)

select
    source,
    event_id,
    parent_id,
    trace_id,
    identity_id,
    identity_name,
    identity_kind,
    on_behalf_of,
    event_date,
    landed,
    regexp_matches(raw, $own_agent) as own_agent
from (from there union all from coming)
