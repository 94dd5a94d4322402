-- grain: file whose account is not true, or that has none
-- reads: events, ingests, rejects
-- why: what has to be true whenever the landings are settled, whatever was killed or came between:
--      what is there of a file is in its account, and a record of it is an event (each record here
--      is one), a duplicate or a reject
with

event_counts as (
    select source_file, fingerprint, count(*) as events
    from events
    group by source_file, fingerprint
),

reject_counts as (
    select source_file, fingerprint, count(distinct record_index) as rejects
    from rejects
    group by source_file, fingerprint
),

files as (
    select source_file, fingerprint from event_counts
    union
    select source_file, fingerprint from reject_counts
    union
    select source_file, fingerprint from ingests
)

select
    f.source_file,
    f.fingerprint,
    i.records,
    i.events,
    i.duplicates,
    i.rejects,
    coalesce(e.events, 0) as events_there,
    coalesce(r.rejects, 0) as rejects_there
from files as f
left join ingests as i on i.source_file = f.source_file and i.fingerprint = f.fingerprint
left join event_counts as e on e.source_file = f.source_file and e.fingerprint = f.fingerprint
left join reject_counts as r on r.source_file = f.source_file and r.fingerprint = f.fingerprint
where i.records is null
    or i.events <> events_there
    or i.rejects <> rejects_there
    or i.records <> i.events + i.duplicates + i.rejects
order by all
