-- grain: file of `copies`
-- reads: copies, events
-- why: what is there of files whose content another file is booked with: a run that was killed, or
--      one beside this one, may have landed some of it from here
select
    events.source_file,
    events.fingerprint,
    count(*)::bigint as events
from events
semi join copies
    on copies.source_file = events.source_file and copies.fingerprint = events.fingerprint
group by events.source_file, events.fingerprint
