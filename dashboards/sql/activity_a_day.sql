-- grain: day, source
-- reads: daily_activity, newest_day
-- why: the lines of the overview
select a.day, a.source, a.events, a.denied, a.identities
from daily_activity as a
join newest_day as n on a.day <= n.day
order by a.day
