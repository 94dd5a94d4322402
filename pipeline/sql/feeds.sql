-- grain: source
-- reads: feeds
-- why: the feeds of `nhiwatch status`
select source, files, events, rejects, last_event_at, last_ingest_at, lag_hours, state
from feeds
order by source
