-- grain: identity_id, rule
-- reads: drift_hits, drift_ruled, drift_rotations, drift_habits, drift_units, drift_today,
--        drift_new, drift_known, drift_peers
-- why: how much each sensitive act counts. Routine of this identity counts little, of its peers
--      less; many targets count more, refused attempts less; a grant to itself counts most, and
--      more if it was used.
with rules as (
    select rule, any_value(class) as class, any_value(technique) as technique,
        any_value(strength) as strength, any_value(everyday) as everyday
    from drift_ruled
    group by rule
),

acts as (
    select
        h.identity_id,
        h.rule,
        min(h.service) as service,
        count(*) as events,
        count(*) filter (where h.outcome = 'success') as succeeded,
        count(distinct h.resource_id) as targets,
        count(distinct h.action) as actions,
        list_sort(list(distinct h.action)) as action_names,
        min(h.event_time) as first_time,
        bool_or(h.is_self and h.outcome = 'success') as is_self
    from drift_hits as h
    group by h.identity_id, h.rule
),

class_habits as (
    select identity_id, class, max(days) as days
    from drift_habits
    group by identity_id, class
),

-- What of its day's doing this is: deployers do much else besides.
day_actions as (
    select
        identity_id,
        count(distinct action) as actions,
        count(distinct action) filter (where access not in ('read', 'list', 'auth')) as doing
    from drift_today
    group by identity_id
),

used as (
    select
        a.identity_id,
        a.rule,
        count(distinct t.action) as actions
    from acts as a
    join drift_today as t
        on t.identity_id = a.identity_id and t.last_seen > a.first_time and t.succeeded > 0
    left join drift_new as n
        on n.identity_id = t.identity_id
        and n.action = t.action
        and n.access is not distinct from t.access
    where not list_contains(a.action_names, t.action)
        and (n.action is not null or t.denied > 0 or t.access = 'execute')
    group by a.identity_id, a.rule
),

peer_habits as (
    select p.peer_group, r.rule, count(distinct k.identity_id) as identities
    from drift_known as k
    join drift_ruled as r on r.action = k.action
    join drift_peers as p on p.identity_id = k.identity_id
    semi join acts as a on a.rule = r.rule
    where r.everyday or (r.raw_pattern is null and r.raw_unless is null and not r.outsider)
    group by p.peer_group, r.rule
),

weighed as (
    select
        a.*,
        r.class,
        r.technique,
        u.kind_share,
        coalesce(h.days, 0) as days_before,
        a.is_self and r.class in ('permission', 'trust') as is_self_grant,
        coalesce(s.actions, 0) as used_after,
        case
            when a.is_self and r.class in ('permission', 'trust') then greatest(r.strength, 0.9)
            when o.identity_id is not null then 0.35 * r.strength
            else r.strength
        end as strength,
        case
            when r.everyday and u.identity_kind = 'human' then 0.8
            when r.everyday and u.active_days = 0
                then 0.5 + 0.5 * least(
                    1,
                    a.actions
                        / greatest(if(r.class = 'secret', d.actions, d.doing), 1)
                )
            else 1.0
        end as everyday_share,
        case when u.identity_kind = 'cloud_service' then u.kind_share else 1.0 end as service_share,
        case when a.succeeded > 0 then 1.0 else $denied_share end as outcome_share,
        1 - 0.5 * coalesce(greatest(ph.identities - (h.days is not null)::int, 0), 0)
            / (coalesce(p.peers, 0) + 1.0) as peer_share,
        greatest(
            coalesce(h.days, 0) / $routine_days,
            coalesce(h.days, 0) / (u.active_days + 1.0)
        ) as routine,
        coalesce(c.days, 0) / $routine_days as class_routine,
        -- Routine counts only as far as the day's dose is the usual one.
        least(1, 3 * (coalesce(h.most, 0) + 1) / greatest(a.targets, 1)) as usual_dose,
        1 + 1.2 * log10(greatest(a.targets, a.actions, 1)) as dose
    from acts as a
    join rules as r on r.rule = a.rule
    join drift_units as u on u.identity_id = a.identity_id
    left join day_actions as d on d.identity_id = a.identity_id
    left join drift_habits as h on h.identity_id = a.identity_id and h.rule = a.rule
    left join class_habits as c on c.identity_id = a.identity_id and c.class = r.class
    left join used as s on s.identity_id = a.identity_id and s.rule = a.rule
    left join drift_peers as p on p.identity_id = a.identity_id
    left join drift_rotations as o on o.identity_id = a.identity_id and o.rule = a.rule
    left join peer_habits as ph on ph.peer_group = p.peer_group and ph.rule = a.rule
),

familiar as (
    select
        *,
        least(1, routine) * usual_dose as known,
        least(1, class_routine) * usual_dose as kind_known
    from weighed
),

final as (
    select
        *,
        1 - pow(
            1 - strength * everyday_share * service_share * outcome_share * peer_share
                * (1 - 0.9 * known - 0.4 * (1 - known) * kind_known),
            dose
        ) as alone
    from familiar
)

select
    identity_id,
    rule,
    class,
    technique,
    events,
    succeeded,
    targets,
    action_names,
    first_time,
    days_before,
    is_self_grant,
    used_after,
    case
        when used_after > 0 and (is_self_grant or class = 'model') then 1 - (1 - alone) * 0.6
        else alone
    end::double as score
from final
