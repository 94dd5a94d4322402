-- grain: start_id, giver_id, identity_id, action, access
-- reads: daily_delegation
-- why: what was done for whom on the judged day, by start, last giver and end of the chain
select
    start_id,
    path[-2] as giver_id,
    identity_id,
    action,
    access,
    mode(identity_kind order by identity_kind) as identity_kind,
    coalesce(mode(service order by service), '') as service,
    arg_max(path, (length(path), path)) as path,
    max(length(path)) - 1 as depth,
    sum(events)::bigint as events,
    sum(succeeded)::bigint as succeeded,
    sum(denied)::bigint as denied,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    arg_min(event_id, (succeeded = 0, first_seen, event_id)) as event_id
from daily_delegation
where event_date = $day
group by start_id, path[-2], identity_id, action, access
