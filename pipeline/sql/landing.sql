-- grain: row of `arrived`
-- reads: arrived, events, taken, known_ids
-- why: each (source, event_id) is in `events` once. `new`: it is not known yet. `there`: it is known
--      from this very record (a run was killed after the commit). `duplicate`: another record
--      brought it.
with

likely as (
    select event_id
    from arrived
    semi join known_ids on known_ids.id = hash(arrived.event_id)
),

-- What is in the lake already, or is taken in to be committed, of the events that arrived. An
-- event's day follows from its time, so only those days are looked at.
known as (
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
),

-- Hardly any event is in a batch more than once: only those are put in order.
repeated as (
    select event_id
    from arrived
    group by event_id
    having count(*) > 1
),

copies as (
    select
        row_index,
        row_number() over (
            partition by event_id order by source_file, record_index, row_index
        ) as copy,
        row_number() over (
            partition by event_id, source_file, record_index order by row_index
        ) as copy_in_record
    from arrived
    semi join repeated on repeated.event_id = arrived.event_id
)

select
    case
        when known.event_id is null then if(coalesce(copies.copy, 1) = 1, 'new', 'duplicate')
        -- Whatever else of this batch has the event too: it is there from here.
        when known.source_file = arrived.source_file
            and known.record_index = arrived.record_index
            and coalesce(copies.copy_in_record, 1) = 1 then 'there'
        else 'duplicate'
    end as landing
from arrived
left join known on known.event_id = arrived.event_id
left join copies on copies.row_index = arrived.row_index
order by arrived.row_index
