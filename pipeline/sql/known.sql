-- grain: event of `events` or `taken`
-- reads: arrived, events, taken, known_ids
-- why: what is in the lake already, or is taken in to be committed, of the events that arrived. An
--      event's day follows from its time, so only those days are looked at.
with likely as (
    select event_id
    from arrived
    semi join known_ids on known_ids.id = hash(arrived.event_id)
)

select events.event_id, events.source_file, events.record_index
from events
semi join likely on likely.event_id = events.event_id
where events.source = $source
    and events.event_date between $first_day and $last_day
    -- Nothing of the files is read where none is likely.
    and exists (from likely)
union all
select taken.event_id, taken.source_file, taken.record_index
from taken
semi join arrived on arrived.event_id = taken.event_id
where taken.source = $source and taken.landing = 'new'
