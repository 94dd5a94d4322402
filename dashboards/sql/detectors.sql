-- grain: detector
-- reads: findings_current
-- why: the choices of a filter
select distinct detector
from findings_current
order by detector
