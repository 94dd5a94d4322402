-- grain: day, source
-- reads: daily_activity
-- why: the lines of the overview
select day, source, events, denied, identities
from daily_activity
order by day
