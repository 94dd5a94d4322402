-- grain: day, access
-- reads: identity_timeline
-- why: the story of one identity
select day, access, events, denied
from identity_timeline
where identity_id = $id
order by day
