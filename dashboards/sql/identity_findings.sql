-- grain: finding
-- reads: findings_current
-- why: the findings of one identity
select day, severity, score, title, detector, state
from findings_current
where identity_id = $id
order by day desc, severity_rank desc
