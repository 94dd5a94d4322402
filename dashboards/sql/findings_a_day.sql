-- grain: day, detector, severity
-- reads: daily_findings
-- why: the bars of the overview
select day, detector, severity, findings
from daily_findings
order by day
