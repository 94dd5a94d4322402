-- grain: finding
-- reads: findings_current
-- why: what nobody has decided on, newest and worst first
select day, severity, identity_name, title, detector, score
from findings_current
where state = 'new'
order by day desc, severity_rank desc, score desc
limit 12
