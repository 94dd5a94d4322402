-- grain: file
-- reads: ingests, rejects, events, tried, resolved
-- why: what `ingests` has to say of a file once some of its rejects were replayed. Of the events
--      that its rejected records brought, some are counted: those of records that are understood
--      in part (`partly`). What is more than that comes with this replay, or with one that was
--      killed before its booking. Nothing is asked of a clock: other machines have others.
with files as (
    select i.*, t.duplicates as more_duplicates
    from ingests as i
    join tried as t on t.source_file = i.source_file and t.fingerprint = i.fingerprint
),

rejected as (
    select r.source_file, r.fingerprint, r.record_index, max(r.rejected_at) as rejected_at
    from rejects as r
    semi join files as f on f.source_file = r.source_file and f.fingerprint = r.fingerprint
    group by r.source_file, r.fingerprint, r.record_index
),

counted as (
    select source_file, fingerprint, unnest(partly, recursive := true)
    from files
),

brought as (
    select
        r.source_file,
        r.fingerprint,
        r.record_index,
        count(*) as events,
        min(e.event_time) as first_event_at,
        max(e.event_time) as last_event_at
    from rejected as r
    join events as e
        on e.source_file = r.source_file
        and e.fingerprint = r.fingerprint
        and e.record_index = r.record_index
    group by r.source_file, r.fingerprint, r.record_index
),

records as (
    select
        r.source_file,
        r.fingerprint,
        r.record_index,
        r.rejected_at,
        u.record_index is not null as is_resolved,
        -- Events that are past their retention stay counted.
        greatest(b.events, c.events, 0) as events,
        coalesce(c.events, 0) as counted,
        b.first_event_at,
        b.last_event_at
    from rejected as r
    left join brought as b
        on b.source_file = r.source_file
        and b.fingerprint = r.fingerprint
        and b.record_index = r.record_index
    left join counted as c
        on c.source_file = r.source_file
        and c.fingerprint = r.fingerprint
        and c.record_index = r.record_index
    left join resolved as u
        on u.source_file = r.source_file
        and u.fingerprint = r.fingerprint
        and u.record_index = r.record_index
),

replayed as (
    select
        source_file,
        fingerprint,
        sum(events - counted) as events,
        list(record_index order by record_index) filter (where is_resolved) as resolved,
        list({'record_index': record_index, 'events': events} order by record_index)
            filter (where not is_resolved and events > 0) as partly,
        max(rejected_at) filter (where is_resolved) as rejected_at,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at
    from records
    group by source_file, fingerprint
)

select
    f.source_file,
    f.fingerprint,
    (f.events + coalesce(r.events, 0))::bigint as events,
    (f.duplicates + f.more_duplicates)::bigint as duplicates,
    (f.rejects - coalesce(len(r.resolved), 0))::bigint as rejects,
    r.partly,
    least(f.first_event_at, r.first_event_at) as first_event_at,
    greatest(f.last_event_at, r.last_event_at) as last_event_at,
    -- Not before what it resolved was rejected.
    greatest($now, r.rejected_at) as replayed_at,
    r.resolved
from files as f
left join replayed as r on r.source_file = f.source_file and r.fingerprint = f.fingerprint
