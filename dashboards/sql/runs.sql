-- grain: run
-- reads: runs
-- why: how the last runs went
select
    started_at,
    command,
    status,
    round(epoch(finished_at - started_at), 1) as seconds,
    array_to_string(errors, '; ') as errors,
    summary,
    run_id,
    version,
    count(*) over () as runs
from runs
order by started_at desc
limit 50
