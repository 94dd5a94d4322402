-- grain: identity_id, service, access
-- reads: drift_additions, drift_found
-- why: what those found gained in the last weeks, in order of time
select
    a.identity_id,
    a.service,
    a.access,
    a.first_day,
    a.actions,
    a.mass
from drift_additions as a
semi join drift_found as f on f.identity_id = a.identity_id
where a.mass > 0
order by a.identity_id, a.first_day, a.service, a.access
