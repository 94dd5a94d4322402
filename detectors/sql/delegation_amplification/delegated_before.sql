-- grain: start_id, giver_id, identity_id, action, event_date
-- reads: daily_delegation
-- why: what was done for whom on which day of the history, read once for all that follows
select
    start_id,
    path[-2] as giver_id,
    identity_id,
    action,
    event_date,
    max(length(path)) - 1 as depth,
    sum(succeeded)::bigint as succeeded
from daily_delegation
where event_date >= $history_start and event_date < $day
group by start_id, path[-2], identity_id, action, event_date
