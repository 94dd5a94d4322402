-- grain: run
-- reads: runs
-- why: the last runs of `nhiwatch status`
select
    run_id,
    command,
    started_at,
    round(epoch(finished_at - started_at), 1) as seconds,
    status,
    summary,
    errors,
    version
from runs
order by started_at desc
limit 10
