-- grain: file of `files` of which something is there
-- reads: files, events, rejects
-- why: what is there of files that are not read, for their content is known from another, or is no
--      more: a run that was killed, or one beside this one, may have landed some of it from here
with event_counts as (
    select e.source_file, e.fingerprint, count(*) as events
    from events as e
    semi join files as f on f.source_file = e.source_file and f.fingerprint = e.fingerprint
    group by e.source_file, e.fingerprint
),

reject_counts as (
    select r.source_file, r.fingerprint, count(distinct r.record_index) as rejects
    from rejects as r
    semi join files as f on f.source_file = r.source_file and f.fingerprint = r.fingerprint
    group by r.source_file, r.fingerprint
)

select
    coalesce(e.source_file, r.source_file) as source_file,
    coalesce(e.fingerprint, r.fingerprint) as fingerprint,
    coalesce(e.events, 0)::bigint as events,
    coalesce(r.rejects, 0)::bigint as rejects
from event_counts as e
full join reject_counts as r
    on r.source_file = e.source_file and r.fingerprint = e.fingerprint
