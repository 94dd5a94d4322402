-- grain: file
-- reads: ingests, rejects, events, tried, resolved
-- why: what `ingests` has to say of a file once some of its rejects were replayed. Counted are the
--      events that any rejected record of the file brought since the file was last booked: so a
--      replay that was killed before its booking is counted once.
with files as (
    select
        i.source_file,
        i.fingerprint,
        i.events,
        i.duplicates,
        i.rejects,
        i.first_event_at,
        i.last_event_at,
        coalesce(i.replayed_at, i.ingested_at) as booked_at,
        t.duplicates as more_duplicates
    from ingests as i
    join tried as t on t.source_file = i.source_file and t.fingerprint = i.fingerprint
),

rejected as (
    select distinct r.source_file, r.fingerprint, r.record_index
    from rejects as r
    semi join files as f on f.source_file = r.source_file and f.fingerprint = r.fingerprint
),

brought as (
    select
        f.source_file,
        f.fingerprint,
        count(*) as events,
        max(e.ingested_at) as last_ingested_at,
        min(e.event_time) as first_event_at,
        max(e.event_time) as last_event_at
    from files as f
    join rejected as r on r.source_file = f.source_file and r.fingerprint = f.fingerprint
    join events as e on e.source_file = r.source_file and e.record_index = r.record_index
    where e.ingested_at > f.booked_at
    group by f.source_file, f.fingerprint
),

understood as (
    select source_file, fingerprint, list(record_index order by record_index) as records
    from resolved
    group by source_file, fingerprint
)

select
    f.source_file,
    f.fingerprint,
    (f.events + coalesce(b.events, 0))::bigint as events,
    (f.duplicates + f.more_duplicates)::bigint as duplicates,
    (f.rejects - coalesce(len(u.records), 0))::bigint as rejects,
    least(f.first_event_at, b.first_event_at) as first_event_at,
    greatest(f.last_event_at, b.last_event_at) as last_event_at,
    -- A replay that began later may have landed what this one counts.
    greatest($now, b.last_ingested_at) as replayed_at,
    u.records as resolved
from files as f
left join brought as b on b.source_file = f.source_file and b.fingerprint = f.fingerprint
left join understood as u on u.source_file = f.source_file and u.fingerprint = f.fingerprint
