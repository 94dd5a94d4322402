-- grain: row of `arrived`
-- reads: arrived, events, taken
-- why: each (source, event_id) is in `events` once. `new`: neither the lake nor what is `taken` in to
--      be committed has it. `there`: it is there from this very record (a run was killed after the
--      commit). `duplicate`: another record brought it. An event's day follows from its time, so
--      only those days are looked at.
with known as (
    select event_id, source_file, record_index
    from events
    where source = $source and event_date between $first_day and $last_day
    union all
    select event_id, source_file, record_index
    from taken
    where source = $source and event_date between $first_day and $last_day and landing = 'new'
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
