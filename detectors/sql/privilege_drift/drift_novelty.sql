-- grain: identity_id
-- reads: drift_new, drift_known, drift_units, drift_weights
-- why: the day's new reach against what this identity's history leads one to expect. Expected is
--      Good's and Turing's estimate over days: what was done on one day only, per day of history.
--      Several new actions at one level of one service are one step, a little larger.
with steps as (
    select
        identity_id,
        service,
        access,
        max(mass) * (1 + ln(count(*))) as mass,
        count(*) as actions,
        bool_or(is_new_service) as is_new_service,
        bool_or(is_new_access) as is_new_access
    from drift_new
    group by identity_id, service, access
),

observed as (
    select
        identity_id,
        sum(mass) as mass,
        sum(actions)::bigint as actions,
        count(distinct service) filter (where is_new_service) as services,
        count(*) filter (where is_new_access) as levels
    from steps
    group by identity_id
),

seen_once as (
    select k.identity_id, sum(w.weight * 0.7) as mass, count(*) as actions
    from drift_known as k
    join drift_weights as w on w.action = k.action and w.access is not distinct from k.access
    where k.days = 1
    group by k.identity_id
),

final as (
    select
        u.identity_id,
        coalesce(o.mass, 0) as mass,
        coalesce(o.actions, 0) as actions,
        coalesce(o.services, 0) as services,
        coalesce(o.levels, 0) as levels,
        coalesce(s.mass, 0) / u.active_days as expected_mass,
        coalesce(s.actions, 0) / u.active_days as expected_actions
    from drift_units as u
    left join observed as o on o.identity_id = u.identity_id
    left join seen_once as s on s.identity_id = u.identity_id
    where u.active_days > 0
)

select
    identity_id,
    mass::double as mass,
    actions,
    services,
    levels,
    expected_mass::double as expected_mass,
    expected_actions::double as expected_actions,
    (
        1 - exp(
            -greatest(mass - expected_mass, 0)
            / sqrt(expected_mass + $novelty_floor)
            / $novelty_scale
        )
    )::double as novelty
from final
