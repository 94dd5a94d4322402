-- grain: day, detector, severity
-- reads: findings_current
-- why: findings a day, as the overview draws them
create or replace view daily_findings as
select
    day::date as day,  -- the judged day
    detector::varchar as detector,  -- which detector
    severity::varchar as severity,  -- low | medium | high | critical
    count(*)::bigint as findings  -- how many
from findings_current
group by day, detector, severity
