-- grain: finding
-- reads: findings_current
-- why: what nobody has decided on, newest and worst first
select
    'findings?finding=' || url_encode(finding_id) as link,
    day, severity, raised_from, title, identity_name, score, detector,
    count(*) over () as findings
from findings_current
where state = 'new'
order by day desc, severity_rank desc, score desc
limit 12
