-- grain: source, event_date, identity_id, resource_id, service, access
-- reads: events, todo
-- why: which things an identity touches, and how
with day_events as (
    select e.*
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    where e.identity_id is not null and e.resource_id is not null
)
select
    source,
    event_date,
    identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    service,
    resource_id,
    mode(resource_kind order by resource_kind) as resource_kind,
    access,
    count(*) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    count(*) filter (where outcome = 'success') as succeeded
from day_events
group by source, event_date, identity_id, resource_id, service, access
