-- grain: source
-- reads: feeds_at
-- why: every feed on the health page
select
    source, state, files, events, rejects, ahead, last_event_at, last_ingest_at, age_hours,
    lag_hours, behind_hours
from feeds_at($hour)
order by source
