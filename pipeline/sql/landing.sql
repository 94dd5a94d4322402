-- grain: row of `arrived`
-- reads: arrived, in_lake, taken
-- why: each (source, event_id) is in `events` once. `new`: it is not known yet. `there`: it is known
--      from this very record (of a document an ingest broke off in, or a record that is tried
--      again). `duplicate`: another record brought it.
with

-- What is in the lake already, or is taken in to be committed, of the events that arrived.
known as (
    select in_lake.event_id, in_lake.source_file, in_lake.fingerprint, in_lake.record_index
    from in_lake
    union all
    select taken.event_id, taken.source_file, taken.fingerprint, taken.record_index
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
            partition by event_id, source_file, fingerprint, record_index order by row_index
        ) as copy_in_record
    from arrived
    semi join repeated on repeated.event_id = arrived.event_id
)

select
    case
        when known.event_id is null then if(coalesce(copies.copy, 1) = 1, 'new', 'duplicate')
        -- Whatever else of this batch has the event too: it is there from here.
        when known.source_file = arrived.source_file
            and known.fingerprint = arrived.fingerprint
            and known.record_index = arrived.record_index
            and coalesce(copies.copy_in_record, 1) = 1 then 'there'
        else 'duplicate'
    end as landing
from arrived
left join known on known.event_id = arrived.event_id
left join copies on copies.row_index = arrived.row_index
order by arrived.row_index
