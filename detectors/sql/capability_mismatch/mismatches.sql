-- grain: identity, action
-- reads: judged_identities, machine_actions, capability_weights, declared_capabilities
-- why: each act of the judged day that its identity is not declared to do, did not do as long as it
--      only analysed, or is an authority that an actor has gained; with what it weighs
with acts as (
    select *
    from machine_actions
    where judged and not analysis
),

before as (
    select identity_id, capability, count(distinct event_date) as days
    from machine_actions
    where not judged and succeeded > 0
    group by identity_id, capability
),

told_this_month as (
    select identity_id, action, count(distinct event_date) as days
    from machine_actions
    where not judged and date_trunc('month', event_date) = date_trunc('month', $day::date)
    group by identity_id, action
),

placed as (
    select
        a.identity_id,
        a.capability,
        a.action,
        w.words,
        w.rank,
        w.weight,
        a.events,
        a.succeeded,
        a.denied,
        coalesce(b.days, 0) as days_before,
        coalesce(t.days, 0) as days_this_month,
        case
            when not i.unbound then 'declared'
            when i.analysed_so_far then 'history'
            when w.class = 'authority' and i.history_days >= $enough_days then 'gained'
        end as against
    from acts as a
    join judged_identities as i on i.identity_id = a.identity_id
    join capability_weights as w on w.capability = a.capability
    left join before as b on b.identity_id = a.identity_id and b.capability = a.capability
    left join told_this_month as t on t.identity_id = a.identity_id and t.action = a.action
    anti join declared_capabilities as d
        on d.identity_id = a.identity_id and d.capability = a.capability and not i.unbound
    where not coalesce(list_contains(i.allowed_tools, a.action), false)
)

select
    identity_id,
    capability,
    action,
    words,
    rank,
    events,
    succeeded,
    denied,
    against,
    weight
        * case against when 'history' then $undeclared_share when 'gained' then $gained_share else 1 end
        * if(succeeded > 0, 1, $tried_share)
        * if(against = 'declared' and days_this_month >= $known_days, $known_share, 1) as weight
from placed
where against is not null
    and (against = 'declared' or days_before < $known_days)
