-- grain: action, access
-- reads: drift_today, drift_known
-- why: the actions that rules are matched with, once each
select action, access
from drift_today
union
select action, access
from drift_known
order by action, access
