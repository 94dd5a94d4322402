-- grain: identity_id, action
-- reads: drift_today, drift_known, drift_peers
-- why: how rare an action is for others, in (0, 1]. What peers or the whole company do anyway, or
--      began to do in these days as well, says little about this identity.
with users as (
    select
        k.action,
        p.peer_group,
        count(distinct k.identity_id) as identities
    from drift_known as k
    join drift_peers as p on p.identity_id = k.identity_id
    where k.days_succeeded > 0
    group by k.action, p.peer_group
),

company as (
    select action, sum(identities) as identities
    from users
    group by action
),

-- Who else does it since the day before yesterday and not earlier.
starters as (
    select t.action, t.identity_id
    from drift_today as t
    where t.succeeded > 0
    union
    select k.action, k.identity_id
    from drift_known as k
    where k.days_succeeded > 0
),

earlier as (
    select action, identity_id
    from drift_known
    where first_day_succeeded < $day - 2
),

together as (
    select s.action, count(*) as identities
    from starters as s
    anti join earlier as e on e.action = s.action and e.identity_id = s.identity_id
    group by s.action
),

final as (
    select distinct
        t.identity_id,
        t.action,
        coalesce(u.identities, 0) as peers_using,
        coalesce(p.peers, 0) as peers,
        coalesce(c.identities, 0)::bigint as company_using,
        greatest(coalesce(g.identities, 0) - 1, 0) as beginning_together,
        1 - greatest(
            coalesce(u.identities, 0) / (coalesce(p.peers, 0) + 1.0),
            coalesce(c.identities, 0) / (coalesce(p.others, 0) + 1.0)
        ) as unshared
    from drift_today as t
    left join drift_peers as p on p.identity_id = t.identity_id
    left join users as u on u.action = t.action and u.peer_group = p.peer_group
    left join company as c on c.action = t.action
    left join together as g on g.action = t.action
)

select
    identity_id,
    action,
    peers_using,
    peers,
    company_using,
    beginning_together,
    (greatest(unshared, 0.05) / (1 + beginning_together))::double as rarity
from final
