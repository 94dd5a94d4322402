-- grain: identity_id
-- reads: drift_today, drift_new, drift_units, drift_weights, events
-- why: trying doors: actions refused that this identity never had before, many times or many of
--      them, and those that opened after being refused
with refused as (
    select t.identity_id, t.action, t.denied
    from drift_today as t
    join drift_units as u on u.identity_id = t.identity_id
    left join drift_new as n
        on n.identity_id = t.identity_id
        and n.action = t.action
        and n.access is not distinct from t.access
    where t.denied > 0
        and (u.active_days = 0 or n.action is not null)
),

doors as (
    select identity_id, count(*) as actions, sum(denied)::bigint as attempts,
        sum(1 + ln(denied)) as weight
    from refused
    group by identity_id
),

both_ways as (
    select e.identity_id, e.action, min(e.access) as access,
        min(e.event_time) filter (where e.outcome = 'denied') as refused_at,
        max(e.event_time) filter (where e.outcome = 'success') as opened_at
    from events as e
    semi join (
        select identity_id, action
        from drift_today
        where denied > 0 and succeeded > 0
    ) as t on t.identity_id = e.identity_id and t.action = e.action
    semi join refused as r on r.identity_id = e.identity_id and r.action = e.action
    where e.event_date = $day
    group by e.identity_id, e.action
),

opened as (
    select identity_id, action, access
    from both_ways
    where opened_at > refused_at
    union
    select identity_id, action, access
    from drift_new
    where was_refused_before
),

openings as (
    select o.identity_id, count(*) as actions, sum(2 * w.weight) as weight
    from opened as o
    join drift_weights as w on w.action = o.action and w.access is not distinct from o.access
    group by o.identity_id
),

final as (
    select
        u.identity_id,
        coalesce(d.actions, 0) as refused_actions,
        coalesce(d.attempts, 0) as refused_attempts,
        coalesce(o.actions, 0) as opened_actions,
        coalesce(d.weight, 0) + coalesce(o.weight, 0) as weight
    from drift_units as u
    left join doors as d on d.identity_id = u.identity_id
    left join openings as o on o.identity_id = u.identity_id
)

select
    identity_id,
    refused_actions,
    refused_attempts,
    opened_actions,
    (1 - exp(-weight / 5))::double as probing
from final
