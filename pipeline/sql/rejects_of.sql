-- grain: reject
-- reads: rejects, asked
-- why: what is to be replayed, as it is now
select
    r.source_file, r.fingerprint, r.record_index, r.source, r.reason, r.text
from rejects as r
semi join asked as a
    on a.source_file = r.source_file
    and a.fingerprint = r.fingerprint
    and a.record_index = r.record_index
    and a.reason = r.reason
order by r.source_file, r.fingerprint, r.record_index
