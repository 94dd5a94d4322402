-- grain: source, event_date, identity_id, action, access, on_behalf_of
-- reads: events, todo
-- why: the reach of an identity; profiles of actions, services and access levels come from it
with day_events as (
    select e.*
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    where e.identity_id is not null and e.action is not null
)
select
    source,
    event_date,
    identity_id,
    mode(identity_kind) as identity_kind,
    mode(account_id) as account_id,
    mode(service) as service,
    action,
    access,
    on_behalf_of,
    count(*) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    count(*) filter (where outcome = 'success') as succeeded,
    count(*) filter (where outcome = 'denied') as denied,
    count(distinct resource_id) as resources
from day_events
group by source, event_date, identity_id, action, access, on_behalf_of
