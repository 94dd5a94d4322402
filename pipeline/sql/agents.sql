-- grain: event whose identity changes
-- reads: spans
-- why: most spans of an agent's run do not name it; the nearest ancestor that does is who acted.
--      Where the way up is broken (a parent not delivered) and the trace names one agent only, it
--      is that one. An agent under another agent acts on that one's behalf.
with recursive

agents as (
    select trace_id, event_id, parent_id, identity_id, identity_name, on_behalf_of
    from spans
    where own_agent and identity_kind = 'agent'
),

-- From each span up through spans that name no agent; the depth guards against cycles.
way_up as (
    select trace_id, event_id, parent_id as above, 1 as depth
    from spans
    where parent_id is not null
    union all
    select w.trace_id, w.event_id, p.parent_id as above, w.depth + 1 as depth
    from way_up as w
    join spans as p on p.event_id = w.above
    left join agents as a on a.event_id = w.above
    where a.event_id is null and p.parent_id is not null and w.depth < 64
),

nearest as (
    select w.event_id, arg_min(a.event_id, w.depth) as agent_event
    from way_up as w
    join agents as a on a.event_id = w.above
    group by w.event_id
),

only_one as (
    select trace_id, min(event_id) as agent_event
    from agents
    group by trace_id
    having count(distinct identity_id) = 1
),

-- For whom each agent span acts: the agent above it, or the user it names.
callers as (
    select
        a.event_id,
        a.identity_id,
        a.identity_name,
        case
            when above.identity_id is distinct from a.identity_id and above.identity_id is not null
                then above.identity_id
            else coalesce(a.on_behalf_of, above.on_behalf_of)
        end as on_behalf_of
    from agents as a
    left join nearest as n on n.event_id = a.event_id
    left join agents as above on above.event_id = n.agent_event
),

resolved as (
    select
        s.source,
        s.event_id,
        s.event_date,
        s.landed,
        s.identity_id as identity_before,
        s.on_behalf_of as behalf_before,
        coalesce(own.identity_id, up.identity_id, one.identity_id) as identity_id,
        coalesce(own.identity_name, up.identity_name, one.identity_name) as identity_name,
        -- What a span inherited before its nearest agent was there gives way.
        case
            when own.event_id is not null then own.on_behalf_of
            else coalesce(up.on_behalf_of, one.on_behalf_of, s.on_behalf_of)
        end as on_behalf_of
    from spans as s
    left join callers as own on own.event_id = s.event_id
    left join nearest as n on n.event_id = s.event_id
    left join callers as up on up.event_id = n.agent_event
    left join only_one as o on o.trace_id = s.trace_id
    left join callers as one on one.event_id = o.agent_event
)

select
    source,
    event_id,
    identity_id,
    identity_name,
    'agent' as identity_kind,
    on_behalf_of,
    event_date,
    landed
from resolved
where identity_id is not null
    and (identity_id is distinct from identity_before
        or on_behalf_of is distinct from behalf_before)
