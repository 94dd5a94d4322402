-- grain: event of the days that batches had
-- reads: known_ids, events
-- why: by these a batch finds out whether the lake may have any of its events: eight bytes each,
--      read once for all batches of a commit that are of the same days. Those of the days that no
--      batch before had come to those that are there.
from known_ids

union all

select hash(event_id) as id
from events
where source = $source
    and event_date between $first_day and $last_day
    and list_contains($days, event_date)
