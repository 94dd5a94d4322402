-- grain: source
-- reads: feeds_at
-- why: is every log still coming now, and how much of it could not be read
create or replace view feeds as
select
    source::varchar as source,  -- which log
    files::bigint as files,  -- files ingested
    events::bigint as events,  -- events they brought
    rejects::bigint as rejects,  -- records rejected
    ahead::bigint as ahead,  -- events dated over a day later than they came in: a wrong clock
    last_event_at::timestamptz as last_event_at,  -- its newest event, but for those
    last_ingest_at::timestamptz as last_ingest_at,  -- when a file of it last came in
    age_hours::double as age_hours,  -- hours since its newest event
    lag_hours::double as lag_hours,  -- hours from its newest event to its last ingest
    behind_hours::double
        as behind_hours,  -- hours its newest event is behind that of the newest feed
    waits_hours::double
        as waits_hours,  -- hours it is waited for: 24, or its usual gap and a day, if it is longer
    state::varchar as state  -- live | quiet (older, or behind the newest by more) | past | empty
from feeds_at(now())
