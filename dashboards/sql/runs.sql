-- grain: run
-- reads: runs
-- why: how the last runs went
select
    started_at,
    command,
    status,
    round(epoch(finished_at - started_at), 1) as seconds,
    summary,
    array_to_string(errors, '; ') as errors,
    run_id,
    version
from runs
order by started_at desc
limit 50
