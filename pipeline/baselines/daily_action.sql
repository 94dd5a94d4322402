-- grain: source, event_date, identity_id, action, access, capability, on_behalf_of
-- reads: events, todo, capabilities
-- why: the reach of an identity; profiles of actions, services and access levels come from it
with day_events as (
    select e.*, c.capability
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    left join capabilities as c
        on c.action = e.action
        and c.access is not distinct from e.access
        and c.is_tool = (e.tool_name is not null)
    where e.identity_id is not null and e.action is not null
)
select
    source,
    event_date,
    identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    mode(account_id order by account_id) as account_id,
    mode(service order by service) as service,
    action,
    access,
    capability,
    on_behalf_of,
    count(*) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    count(*) filter (where outcome = 'success') as succeeded,
    count(*) filter (where outcome = 'denied') as denied,
    count(distinct resource_id) as resources,
    arg_min(event_id, (outcome is distinct from 'success', event_time, event_id)) as example
from day_events
group by source, event_date, identity_id, action, access, capability, on_behalf_of
