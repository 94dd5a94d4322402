-- grain: day, detector, severity
-- reads: daily_findings, newest_day
-- why: the bars of the overview
select f.day, f.detector, f.severity, f.findings
from daily_findings as f
join newest_day as n on f.day <= n.day
order by f.day
