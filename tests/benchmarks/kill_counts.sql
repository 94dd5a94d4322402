-- grain: one row
-- reads: events, ingests, rejects
-- why: what has to be true of a lake whatever was killed: each event once, each file's account
--      equal to what is there of it
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

accounts as (
    select
        i.source_file,
        i.records,
        i.events,
        i.duplicates,
        i.rejects,
        coalesce(e.events, 0) as events_there,
        coalesce(r.rejects, 0) as rejects_there
    from ingests as i
    left join event_counts as e
        on e.source_file = i.source_file and e.fingerprint = i.fingerprint
    left join reject_counts as r
        on r.source_file = i.source_file and r.fingerprint = i.fingerprint
)

select
    (select count(*) from events) as events,
    (select count(distinct (source, event_id)) from events) as different_events,
    (select count(*) from rejects) as rejects,
    (select count(distinct (source_file, record_index)) from rejects) as different_rejects,
    count(*) as files,
    count(distinct source_file) as different_files,
    sum(accounts.events)::bigint as events_accounted,
    sum(accounts.rejects)::bigint as rejects_accounted,
    count(*) filter (
        accounts.events <> events_there or accounts.rejects <> rejects_there
    ) as untrue_accounts,
    count(*) filter (
        records > 0 and records <> accounts.events + duplicates + accounts.rejects
    ) as unbalanced_accounts
from accounts
