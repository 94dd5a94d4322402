-- grain: identity_id, action
-- reads: daily_action, delegated_today
-- why: what those on today's chains did by themselves or for anybody before, and what they were
--      refused up to the day's end
with hands as (
    select distinct unnest(path) as identity_id
    from delegated_today
)

select
    a.identity_id,
    a.action,
    count(distinct a.event_date) filter (where a.succeeded > 0 and a.event_date < $day) as days,
    sum(a.succeeded)::bigint as succeeded,
    min(a.first_seen) filter (where a.denied > 0) as refused_at,
    bool_or(a.identity_kind = 'human') as is_person
from daily_action as a
semi join hands as h on h.identity_id = a.identity_id
where a.event_date >= $history_start and a.event_date <= $day
group by a.identity_id, a.action
