-- grain: reject
-- reads: rejects, ends
-- why: what is told of logs as a whole, or of what came after the record that came next in them
select
    r.source_file,
    r.fingerprint,
    r.record_index,
    r.reason
from rejects as r
join ends as e on e.source_file = r.source_file and e.fingerprint = r.fingerprint
where r.record_index = -1 or r.record_index >= e.next_record
