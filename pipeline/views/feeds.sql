-- grain: source
-- reads: ingests, rejects, daily_identity
-- why: is every log still coming, and how much of it could not be read
create or replace view feeds as
with files as (
    select
        coalesce(source, '(not recognised)') as source,
        count(*) as files,
        sum(events) as events,
        sum(rejects) as rejects,
        max(last_event_at) as last_event_at,
        max(ingested_at) as last_ingest_at
    from ingests
    group by 1
),

newest as (
    select max(last_event_at) as last_event_at
    from files
)

select
    f.source::varchar as source,  -- which log
    f.files::bigint as files,  -- files ingested
    f.events::bigint as events,  -- events they brought
    f.rejects::bigint as rejects,  -- records rejected
    f.last_event_at::timestamptz as last_event_at,  -- its newest event
    f.last_ingest_at::timestamptz as last_ingest_at,  -- when a file of it last came in
    round(epoch(f.last_ingest_at - f.last_event_at) / 3600, 1)::double
        as lag_hours,  -- hours from its newest event to its last ingest
    round(epoch(n.last_event_at - f.last_event_at) / 3600, 1)::double
        as behind_hours,  -- hours its newest event is behind that of the newest feed
    case
        when f.last_event_at is null then 'empty'
        when n.last_event_at - f.last_event_at > interval 24 hours then 'quiet'
        else 'live'
    end::varchar as state  -- live | quiet (a day behind the newest feed) | empty
from files as f
cross join newest as n
