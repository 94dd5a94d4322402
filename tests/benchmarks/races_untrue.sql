-- grain: file whose account is not true, or that has none
-- reads: events, ingests, rejects, begun
-- why: what has to be true once all files were read to their ends, whatever was killed or came
--      between: what is there of a file is in its account, and a record of it is an event (each
--      record here is one), a duplicate or a reject. What was begun and is under none of the
--      $names, nor its content anywhere, waits for who may find it yet.
with

-- What a file was before it grew, and was killed in, has no account of its own.
event_counts as (
    select source_file, count(*) as events
    from events
    group by source_file
),

reject_counts as (
    select r.source_file, r.fingerprint, count(distinct r.record_index) as rejects
    from rejects as r
    left join ingests as i on i.source_file = r.source_file and i.fingerprint = r.fingerprint
    -- A killed replay leaves what it resolved to the next.
    where not coalesce(
        list_contains(i.resolved, r.record_index) and r.rejected_at <= i.replayed_at, false
    )
    group by r.source_file, r.fingerprint
),

files as (
    select source_file, fingerprint from reject_counts
    union
    select source_file, fingerprint from begun
    union
    select source_file, fingerprint from ingests
),

told as (
    select
        f.source_file,
        f.fingerprint,
        i.records,
        i.events,
        i.duplicates,
        i.rejects,
        coalesce(e.events, 0) as events_of_name,
        coalesce(r.rejects, 0) as rejects_there,
        coalesce(sum(i.events) over (partition by f.source_file), 0) as events_told_of_name,
        i.records is null and not list_contains($names, f.source_file) as waits
    from files as f
    left join ingests as i on i.source_file = f.source_file and i.fingerprint = f.fingerprint
    left join event_counts as e on e.source_file = f.source_file
    left join reject_counts as r
        on r.source_file = f.source_file and r.fingerprint = f.fingerprint
)

select
    source_file,
    fingerprint,
    records,
    events,
    duplicates,
    rejects,
    events_of_name,
    rejects_there
from told
where (records is null and not waits)
    or (
        events_told_of_name <> events_of_name
        and not exists (
            select waiting.source_file
            from told as waiting
            where waiting.waits and waiting.source_file = told.source_file
        )
    )
    or rejects <> rejects_there
    or records <> events + duplicates + rejects
order by all
