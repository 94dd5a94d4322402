-- grain: source
-- reads: feeds_at
-- why: the feeds of `nhiwatch status`
select
    source, files, events, rejects, ahead, last_event_at, last_ingest_at, age_hours, lag_hours,
    behind_hours, state
from feeds_at($now)
order by source
