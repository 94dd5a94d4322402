-- grain: finding
-- reads: findings, runs
-- why: a finding with the table versions of the run that judged it
select
    f.*,
    r.lake_versions
from findings as f
left join runs as r on r.run_id = f.run_id
where starts_with(f.finding_id, $finding_id)
limit 10
