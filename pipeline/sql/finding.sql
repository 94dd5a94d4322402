-- grain: finding
-- reads: findings, findings_current, runs
-- why: a finding with the last decision on it, and the table versions of the run that judged it
select
    f.*,
    c.state,
    c.raised_from,
    c.suppressed_until,
    c.assignee,
    c.note,
    r.lake_versions
from findings as f
join findings_current as c on c.finding_id = f.finding_id
left join runs as r on r.run_id = f.run_id
where starts_with(f.finding_id, $finding_id)
limit 10
