-- grain: action, access
-- reads: drift_today, drift_known, access_weights, drift_ruled
-- why: the weight of an action is that of its access level, or more if a rule without conditions
--      knows it: reading a secret adds more than reading a table, taking rights away adds little
with actions as (
    select action, access from drift_today
    union
    select action, access from drift_known
),

ruled as (
    select
        action,
        max(strength) as strength,
        bool_and(class = 'removal') as is_removal
    from drift_ruled
    where raw_pattern is null and raw_unless is null and not outsider
    group by action
)

select
    a.action,
    a.access,
    case
        when r.is_removal then r.strength
        else greatest(coalesce(w.weight, 0.2), coalesce(r.strength, 0))
    end::double as weight
from actions as a
left join access_weights as w on w.access = a.access
left join ruled as r on r.action = a.action
