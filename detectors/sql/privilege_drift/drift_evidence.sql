-- grain: identity_id, event_id
-- reads: events, drift_found, drift_hits, drift_acts, drift_new, drift_today
-- why: the events that show it, most telling first: sensitive acts by their score, then new
--      actions by their mass, then refusals; at most five of one action, except of a sensitive one
with telling as (
    select h.identity_id, h.event_id, max(1 + a.score) as weight
    from drift_hits as h
    join drift_acts as a on a.identity_id = h.identity_id and a.rule = h.rule
    semi join drift_found as f on f.identity_id = h.identity_id
    where a.score >= 0.1
    group by h.identity_id, h.event_id
),

others as (
    select identity_id, action, max(mass) as weight
    from drift_new
    group by identity_id, action
    union all
    select t.identity_id, t.action, 0.05 as weight
    from drift_today as t
    anti join drift_new as n on n.identity_id = t.identity_id and n.action = t.action
    semi join drift_found as f on f.identity_id = t.identity_id and f.active_days = 0
    where t.denied > 0
),

day_events as (
    select e.identity_id, e.event_id, e.event_time, e.action, e.outcome
    from events as e
    semi join drift_found as f on f.identity_id = e.identity_id
    where e.event_date = $day
),

weighed as (
    select d.identity_id, d.event_id, d.event_time, d.action,
        coalesce(t.weight, o.weight) as weight,
        t.event_id is not null as is_sensitive
    from day_events as d
    left join telling as t on t.identity_id = d.identity_id and t.event_id = d.event_id
    left join others as o on o.identity_id = d.identity_id and o.action = d.action
    where t.event_id is not null or o.action is not null
),

ranked as (
    select
        *,
        row_number() over (partition by identity_id, action order by event_time, event_id) as nth
    from weighed
),

final as (
    select
        *,
        row_number() over (
            partition by identity_id order by weight desc, event_time, event_id
        ) as place
    from ranked
    where is_sensitive or nth <= 5
)

select
    identity_id,
    event_id,
    event_time,
    place
from final
where place <= 50
order by identity_id, place
