-- grain: event of the lake that arrived again
-- reads: events, likely
-- why: the record that each is from. An event's day follows from its time, so only those days are
--      looked at.
select
    events.event_id,
    events.source_file,
    events.fingerprint,
    events.record_index
from events
semi join likely on likely.event_id = events.event_id
where events.source = $source and events.event_date between $first_day and $last_day
