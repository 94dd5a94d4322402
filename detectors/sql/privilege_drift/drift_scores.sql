-- grain: identity_id
-- reads: drift_units, drift_novelty, drift_acts, drift_probing, drift_reach, drift_creep,
--        drift_peers
-- why: the parts put together: each says how likely the day is no ordinary one, in [0, 1), and the
--      score is the chance that not all of them are wrong (noisy-or)
with classes as (
    select identity_id, class, max(score) as score
    from drift_acts
    group by identity_id, class
),

rules as (
    select
        identity_id,
        1 - product(1 - score) as rules,
        max_by(class, score) as strongest,
        count(*) as classes
    from classes
    group by identity_id
),

parts as (
    select
        u.identity_id,
        u.identity_kind,
        u.identity_name,
        u.events,
        u.first_seen,
        u.last_seen,
        u.active_days,
        u.observations,
        p.peer_group,
        coalesce(p.peers, 0) as peers,
        coalesce(n.mass, 0) as new_mass,
        coalesce(n.expected_mass, 0) as expected_mass,
        coalesce(n.actions, 0) as new_actions,
        coalesce(n.expected_actions, 0) as expected_actions,
        coalesce(n.services, 0) as new_services,
        coalesce(n.levels, 0) as new_levels,
        coalesce(d.refused_actions, 0) as refused_actions,
        coalesce(d.refused_attempts, 0) as refused_attempts,
        coalesce(d.opened_actions, 0) as opened_actions,
        coalesce(r.new_resources, 0) as new_resources,
        coalesce(r.expected_resources, 0) as expected_resources,
        coalesce(r.new_accounts, []) as new_accounts,
        coalesce(c.steps, 0) as creep_steps,
        coalesce(c.days, 0) as creep_days,
        coalesce(c.earlier_days, 0) as creep_earlier_days,
        coalesce(c.creep >= $creep_line and c.creep_before < $creep_line, false) as creep_crosses,
        coalesce(x.strongest, '') as strongest,
        $novelty_weight * u.kind_share * coalesce(n.novelty, 0) as novelty,
        coalesce(x.rules, 0) as rules,
        $probing_weight * u.kind_share * coalesce(d.probing, 0) as probing,
        $reach_weight * u.kind_share * coalesce(r.new_things, 0) as new_things,
        $reach_weight * u.kind_share * coalesce(r.new_places, 0) as new_places,
        -- Once told, it counts a third: what is new today has its own part.
        $creep_weight * u.kind_share * coalesce(c.creep, 0)
            * if(coalesce(c.creep_before, 0) >= $creep_line, 1 / 3, 1) as creep
    from drift_units as u
    left join drift_novelty as n on n.identity_id = u.identity_id
    left join rules as x on x.identity_id = u.identity_id
    left join drift_probing as d on d.identity_id = u.identity_id
    left join drift_reach as r on r.identity_id = u.identity_id
    left join drift_creep as c on c.identity_id = u.identity_id
    left join drift_peers as p on p.identity_id = u.identity_id
),

final as (
    select
        *,
        1 - (1 - novelty) * (1 - rules) * (1 - probing) * (1 - new_things) * (1 - new_places)
            as of_the_day
    from parts
)

select
    identity_id,
    identity_kind,
    identity_name,
    events,
    first_seen,
    last_seen,
    active_days,
    observations,
    peer_group,
    peers,
    new_mass,
    expected_mass,
    new_actions,
    expected_actions,
    new_services,
    new_levels,
    refused_actions,
    refused_attempts,
    opened_actions,
    new_resources,
    expected_resources,
    new_accounts,
    creep_steps,
    creep_days,
    creep_earlier_days,
    creep_crosses,
    strongest,
    novelty,
    rules,
    probing,
    new_things,
    new_places,
    creep,
    of_the_day,
    least(1, greatest(0, 1 - (1 - of_the_day) * (1 - creep)))::double as score
from final
