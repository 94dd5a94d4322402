-- grain: identity_id, action, access
-- reads: profile_action
-- why: the history that everything here is compared with, computed once per judged day
select
    identity_id,
    identity_kind,
    coalesce(service, '') as service,
    action,
    access,
    days,
    days_succeeded,
    first_day,
    first_day_succeeded,
    observations,
    denied,
    most_resources
from profile_action($day, $history_start)
