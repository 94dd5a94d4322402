-- grain: source
-- reads: feeds
-- why: feeds that every page warns of
select source, behind_hours
from feeds
where state = 'quiet'
order by behind_hours desc
