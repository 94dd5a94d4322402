-- grain: event of a source's days
-- reads: events
-- why: by these a batch finds out whether the lake may have any of its events: eight bytes each,
--      read once for all batches of a commit that are of the same days
select hash(event_id) as id
from events
where source = $source and event_date between $first_day and $last_day
