-- grain: identity_id, action, access
-- reads: daily_action
-- why: what each identity did of its own accord on the judged day
select
    identity_id,
    min(identity_kind) as identity_kind,
    action,
    access,
    coalesce(min(service), '') as service,
    sum(events)::bigint as events,
    sum(succeeded)::bigint as succeeded,
    sum(denied)::bigint as denied,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen
from daily_action
where event_date = $day
    and not coalesce(regexp_full_match(on_behalf_of, '[a-z0-9-]+(\.[a-z0-9-]+)+'), false)
group by identity_id, action, access
