-- grain: identity_id, rule
-- reads: drift_acts, drift_found
-- why: the sensitive acts of those found, the heaviest first; routine ones left out
select
    a.identity_id,
    a.class,
    a.technique,
    a.events,
    a.succeeded,
    a.targets,
    a.action_names,
    a.days_before,
    a.is_self_grant,
    a.used_after,
    a.score
from drift_acts as a
semi join drift_found as f on f.identity_id = a.identity_id
where a.score >= 0.1
order by a.identity_id, a.score desc, a.rule
