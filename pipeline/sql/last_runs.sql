-- grain: run
-- reads: runs
-- why: the last runs of `nhiwatch status`
select
    run_id,
    command,
    started_at,
    round(epoch(finished_at - started_at), 1) as seconds,
    status,
    (summary ->> '$.events')::bigint as events,
    (summary ->> '$.rejects')::bigint as rejects,
    (summary ->> '$.findings')::bigint as findings,
    array_to_string(errors, '; ') as errors
from runs
order by started_at desc
limit 10
