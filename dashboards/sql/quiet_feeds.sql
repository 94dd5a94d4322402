-- grain: source
-- reads: feeds_at
-- why: feeds that every page warns of
select source, age_hours, behind_hours
from feeds_at($hour)
where state = 'quiet'
order by age_hours desc
