-- grain: identity_id, action, access
-- reads: daily_action
-- why: what an identity does of its own accord, before the judged day. A call that a service makes
--      for it (on_behalf_of is a service's host name) is the service's habit, not its own.
create or replace macro profile_action(day, history_start) as table
select
    identity_id,
    action,
    access,
    min(identity_kind) as identity_kind,
    min(service) as service,
    count(distinct event_date) as days,
    count(distinct event_date) filter (where succeeded > 0) as days_succeeded,
    min(event_date) as first_day,
    min(event_date) filter (where succeeded > 0) as first_day_succeeded,
    max(event_date) as last_day,
    sum(events)::bigint as observations,
    sum(denied)::bigint as denied,
    max(resources) as most_resources
from daily_action
where event_date >= history_start
    and event_date < day
    and not coalesce(regexp_full_match(on_behalf_of, '[a-z0-9-]+(\.[a-z0-9-]+)+'), false)
group by identity_id, action, access
