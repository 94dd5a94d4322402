-- grain: identity_id
-- reads: drift_additions, drift_known, drift_units, drift_weights
-- why: reach that grows a little at a time. No single day stands out; the sum of the last weeks
--      does, against the identity's earlier rate. With and without the judged day, so that it is
--      told once, on the day it crosses the line.
with rate as (
    select k.identity_id, sum(w.weight) as mass
    from drift_known as k
    join drift_weights as w on w.action = k.action and w.access is not distinct from k.access
    where k.days = 1 and k.first_day < $day - $creep_days
    group by k.identity_id
),

sums as (
    select
        identity_id,
        sum(mass) as mass,
        count(distinct first_day) as days,
        count(*) as steps,
        coalesce(sum(mass) filter (where first_day < $day), 0) as mass_before,
        count(distinct first_day) filter (where first_day < $day) as days_before
    from drift_additions
    where mass > 0
    group by identity_id
),

expected as (
    select
        s.identity_id,
        s.mass,
        s.days,
        s.steps,
        s.mass_before,
        s.days_before,
        u.earlier_days,
        coalesce(r.mass, 0) / u.earlier_days * u.recent_days as expected_mass
    from sums as s
    join drift_units as u
        on u.identity_id = s.identity_id and u.earlier_days >= $creep_history_days
    left join rate as r on r.identity_id = s.identity_id
),

final as (
    select
        identity_id,
        steps,
        days,
        earlier_days,
        mass,
        expected_mass,
        sqrt(expected_mass + $novelty_floor) * $creep_scale as spread,
        mass_before,
        days_before
    from expected
)

select
    identity_id,
    steps,
    days,
    earlier_days,
    mass::double as mass,
    expected_mass::double as expected_mass,
    case
        when days >= $creep_steps then 1 - exp(-greatest(mass - expected_mass, 0) / spread)
        else 0
    end::double as creep,
    case
        when days_before >= $creep_steps
            then 1 - exp(-greatest(mass_before - expected_mass, 0) / spread)
        else 0
    end::double as creep_before
from final
