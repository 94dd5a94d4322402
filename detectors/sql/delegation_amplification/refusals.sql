-- grain: identity_id, action
-- reads: daily_action, delegated_today
-- why: what those who hand over were refused themselves, and never did with success
select
    a.identity_id,
    a.action,
    min(a.first_seen) as refused_at,
    sum(a.denied)::bigint as denied
from daily_action as a
where a.event_date >= $history_start
    and a.event_date <= $day
    and a.identity_id in (select unnest(path[:-2]) from delegated_today)
group by a.identity_id, a.action
having sum(a.denied) > 0 and sum(a.succeeded) = 0
