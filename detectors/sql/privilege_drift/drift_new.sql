-- grain: identity_id, action, access
-- reads: drift_today, drift_known, drift_units, drift_weights, drift_common,
--        drift_rotations
-- why: what an identity with a history did on the judged day and never before. A refused attempt
--      is new if it was never tried; a success is new if it never succeeded.
with known as (
    select identity_id, action, sum(days_succeeded) as days_succeeded
    from drift_known
    group by identity_id, action
),

known_services as (
    select distinct identity_id, service
    from drift_known
    where days_succeeded > 0
),

-- Who changes permissions routinely holds the keys: a further service adds less to its power.
holders as (
    select distinct identity_id
    from drift_known
    where access = 'permission' and days_succeeded >= $routine_days
),

rotated as (
    select distinct identity_id, action
    from drift_rotations
),

known_access as (
    select distinct identity_id, service, access
    from drift_known
    where days_succeeded > 0
)

select
    t.identity_id,
    t.service,
    t.action,
    t.access,
    t.events,
    t.succeeded,
    t.denied,
    t.first_seen,
    c.peers_using,
    c.peers,
    c.company_using,
    c.beginning_together,
    c.rarity,
    s.identity_id is null as is_new_service,
    s.identity_id is not null and a.identity_id is null as is_new_access,
    k.identity_id is not null and t.succeeded > 0 as was_refused_before,
    (
        w.weight
        * case
            when s.identity_id is null then 1.0
            when a.identity_id is null then 0.8
            else 0.5
        end
        * case when t.succeeded > 0 then 1.0 else $denied_share end
        * case when h.identity_id is null then 1.0 else 0.5 end
        * case when r.action is null then 1.0 else 0.35 end
        * c.rarity
    )::double as mass
from drift_today as t
join drift_units as u on u.identity_id = t.identity_id and u.active_days > 0
join drift_weights as w on w.action = t.action and w.access is not distinct from t.access
join drift_common as c on c.identity_id = t.identity_id and c.action = t.action
left join known as k on k.identity_id = t.identity_id and k.action = t.action
left join known_services as s on s.identity_id = t.identity_id and s.service = t.service
left join known_access as a
    on a.identity_id = t.identity_id
    and a.service = t.service
    and a.access is not distinct from t.access
left join holders as h on h.identity_id = t.identity_id
left join rotated as r on r.identity_id = t.identity_id and r.action = t.action
where k.identity_id is null
    or (k.days_succeeded = 0 and t.succeeded > 0)
