-- grain: identity_id, action, access
-- reads: drift_new, drift_found
-- why: what those found did for the first time, the heaviest first
select
    n.identity_id,
    n.service,
    n.action,
    n.access,
    n.events,
    n.succeeded,
    n.is_new_service,
    n.is_new_access,
    n.peers_using,
    n.mass
from drift_new as n
semi join drift_found as f on f.identity_id = n.identity_id
order by n.identity_id, n.mass desc, n.action
