-- grain: identity_id, place, tool_name, kind, fingerprint
-- reads: daily_secret, secrets_today
-- why: on how many earlier days this identity had this very secret in this place, and on how many
--      one of its kind: an agent may handle secrets as its work
with days as (
    select distinct identity_id, place, tool_name, kind, fingerprint, event_date
    from daily_secret
    where event_date >= $history_start and event_date < $day
),

of_kind as (
    select identity_id, place, tool_name, kind, count(distinct event_date) as kind_days
    from days
    group by identity_id, place, tool_name, kind
),

of_secret as (
    select identity_id, place, tool_name, kind, fingerprint, count(*) as secret_days
    from days
    group by identity_id, place, tool_name, kind, fingerprint
)

select
    s.identity_id,
    s.place,
    s.tool_name,
    s.kind,
    s.fingerprint,
    coalesce(o.secret_days, 0) as secret_days,
    coalesce(k.kind_days, 0) as kind_days
from (select distinct identity_id, place, tool_name, kind, fingerprint from secrets_today) as s
left join of_kind as k
    on k.identity_id = s.identity_id
    and k.place = s.place
    and k.tool_name is not distinct from s.tool_name
    and k.kind = s.kind
left join of_secret as o
    on o.identity_id = s.identity_id
    and o.place = s.place
    and o.tool_name is not distinct from s.tool_name
    and o.kind = s.kind
    and o.fingerprint = s.fingerprint
