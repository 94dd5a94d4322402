-- grain: row of `arrived`
-- reads: arrived, events
-- why: each (source, event_id) is in `events` once. `new`: the lake does not have it. `there`: the
--      lake has it from this very record (a run was killed after the commit). `duplicate`: another
--      record brought it. An event's day follows from its time, so only those days are looked at.
with known as (
    select event_id, source_file, record_index
    from events
    where source = $source and event_date between $first_day and $last_day
),

copies as (
    select
        row_index,
        event_id,
        source_file,
        record_index,
        row_number() over (
            partition by event_id order by source_file, record_index, row_index
        ) as copy,
        row_number() over (
            partition by event_id, source_file, record_index order by row_index
        ) as copy_in_record
    from arrived
)

select
    copies.row_index::bigint as row_index,
    case
        when known.event_id is null then if(copies.copy = 1, 'new', 'duplicate')
        -- Whatever else of this batch has the event too: the lake has it from here.
        when known.source_file = copies.source_file
            and known.record_index = copies.record_index
            and copies.copy_in_record = 1 then 'there'
        else 'duplicate'
    end as landing
from copies
left join known on known.event_id = copies.event_id
order by copies.row_index
