-- grain: identity_id, service, access
-- reads: drift_known, drift_new, drift_units, drift_weights, drift_peers
-- why: what an identity gained lately: levels of access in services that it did not have before
--      the last weeks began, with the day of each; what others have or gained as well counts less
with first_days as (
    select identity_id, service, action, access, first_day_succeeded as first_day
    from drift_known
    where days_succeeded > 0
    union all
    select identity_id, service, action, access, $day as first_day
    from drift_new
    where succeeded > 0
),

before as (
    select distinct identity_id, service, access
    from first_days
    where first_day < $day - $creep_days
),

gained as (
    select f.*
    from first_days as f
    semi join drift_units as u on u.identity_id = f.identity_id
    anti join before as b
        on b.identity_id = f.identity_id
        and b.service = f.service
        and b.access is not distinct from f.access
),

gained_by_all as (
    select f.identity_id, f.action, min(f.first_day) as first_day
    from first_days as f
    group by f.identity_id, f.action
    having min(f.first_day) >= $day - $creep_days
),

users as (
    select f.action, p.peer_group, count(distinct f.identity_id) as identities
    from first_days as f
    join drift_peers as p on p.identity_id = f.identity_id
    group by f.action, p.peer_group
),

company as (
    select action, sum(identities) as identities
    from users
    group by action
),

starting as (
    select action, first_day, count(*) as identities
    from gained_by_all
    group by action, first_day
),

near as (
    select distinct g.identity_id, g.action, s.first_day, s.identities
    from gained as g
    join starting as s on s.action = g.action and abs(s.first_day - g.first_day) <= 2
),

-- Who else gained the same action within two days: a deployment. Counted by day, as pairs of
-- identities would grow with their square.
together as (
    select
        n.identity_id,
        n.action,
        (sum(n.identities) - count(o.identity_id))::bigint as identities
    from near as n
    left join gained_by_all as o
        on o.identity_id = n.identity_id
        and o.action = n.action
        and o.first_day = n.first_day
    group by n.identity_id, n.action
),

final as (
    select
        g.identity_id,
        g.service,
        g.access,
        min(g.first_day) as first_day,
        list_sort(list(distinct g.action)) as actions,
        max(
            w.weight * (
                1 - greatest(
                    greatest(coalesce(u.identities, 1) - 1, 0) / (coalesce(p.peers, 0) + 1.0),
                    greatest(coalesce(c.identities, 1) - 1, 0) / (coalesce(p.others, 0) + 1.0)
                )
            ) / (1 + coalesce(o.identities, 0))
        ) as mass
    from gained as g
    join drift_weights as w on w.action = g.action and w.access is not distinct from g.access
    left join drift_peers as p on p.identity_id = g.identity_id
    left join users as u on u.action = g.action and u.peer_group = p.peer_group
    left join company as c on c.action = g.action
    left join together as o on o.identity_id = g.identity_id and o.action = g.action
    group by g.identity_id, g.service, g.access
)

select
    identity_id,
    service,
    access,
    first_day::date as first_day,
    actions,
    mass::double as mass
from final
