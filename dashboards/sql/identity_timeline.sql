-- grain: day, access
-- reads: identity_timeline, newest_day
-- why: the story of one identity
select t.day, t.access, t.events, t.denied
from identity_timeline as t
join newest_day as n on t.day <= n.day
where t.identity_id = $id
order by t.day
