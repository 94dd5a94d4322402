-- grain: source
-- reads: feeds
-- why: every feed on the health page
select
    source, state, files, events, rejects, last_event_at, last_ingest_at, lag_hours, behind_hours
from feeds
order by source
