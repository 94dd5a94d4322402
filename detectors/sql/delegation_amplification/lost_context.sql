-- grain: identity_id
-- reads: daily_action, access_weights, agent_operations
-- why: who acts for nobody today and always acted for somebody: the user is lost on the way
with daily as (
    select
        identity_id,
        event_date,
        sum(events) filter (where on_behalf_of is not null) as carried,
        sum(events) filter (where on_behalf_of is null) as uncarried
    from daily_action
    where event_date >= $history_start
        and event_date < $day
        and identity_kind not in ('human', 'cloud_service')
    group by identity_id, event_date
),

history as (
    select
        identity_id,
        count(*) as days,
        count(*) filter (where uncarried > 0) as uncarried_days,
        coalesce(sum(carried), 0) / sum(coalesce(carried, 0) + coalesce(uncarried, 0))
            as carried_share
    from daily
    group by identity_id
),

today as (
    select
        a.identity_id,
        a.access,
        sum(a.events)::bigint as events,
        max(case when a.succeeded > 0 then 1.0 else $denied_share end
            * coalesce(w.weight, 0.2)) as weight
    from daily_action as a
    left join access_weights as w on w.access = a.access
    anti join agent_operations as m on m.action = a.action
    where a.event_date = $day
        and a.on_behalf_of is null
    group by a.identity_id, a.access
),

lost as (
    select identity_id, sum(events)::bigint as events, 1 - product(1 - weight) as strength
    from today
    group by identity_id
)

select
    l.identity_id,
    l.events,
    h.days,
    h.uncarried_days,
    h.carried_share::double as carried_share,
    (case
        when h.days < $few_days or h.carried_share < $least_carried then 0
        else h.carried_share
            * power(1 - h.uncarried_days / h.days, 2)
            * ($lost_base + (1 - $lost_base) * l.strength)
    end)::double as score
from lost as l
join history as h on h.identity_id = l.identity_id
where h.carried_share > 0
