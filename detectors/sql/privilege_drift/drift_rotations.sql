-- grain: identity_id, rule, action
-- reads: drift_hits, drift_ruled
-- why: credentials made that add no way in: for itself, or for one from whom the same identity took
--      another away that day. That is what a rotation looks like.
with classes as (
    select distinct rule, class
    from drift_ruled
),

taken as (
    select distinct h.identity_id, h.resource_id
    from drift_hits as h
    join classes as c on c.rule = h.rule and c.class = 'removal'
    where h.outcome = 'success'
)

select
    h.identity_id,
    h.rule,
    h.action
from drift_hits as h
join classes as c on c.rule = h.rule and c.class = 'credential'
left join taken as t on t.identity_id = h.identity_id and t.resource_id = h.resource_id
group by h.identity_id, h.rule, h.action
having bool_and(h.is_self or t.identity_id is not null)
