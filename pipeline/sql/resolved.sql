-- grain: reject
-- reads: rejects, readings, resolved
-- why: what a landing says is no reject any more: what was told of records that were read anew, and
--      what a replay has resolved
select distinct r.source_file, r.fingerprint, r.record_index, r.reason
from rejects as r
join readings as n
    on n.source_file = r.source_file
    and n.fingerprint = r.fingerprint
    -- Of the file as a whole it was told as of record -1.
    and r.record_index >= if(n.first_index = 0, -1, n.first_index)

union

select r.source_file, r.fingerprint, r.record_index, r.reason
from rejects as r
semi join resolved as s
    on s.source_file = r.source_file
    and s.fingerprint = r.fingerprint
    and s.record_index = r.record_index
    and s.reason = r.reason
