-- grain: reject
-- reads: rejects, ingests, told
-- why: what was told of the end of a log that had less then than another process has booked: the
--      record there is whole by now, and is an event, or was told of with more of its text
select
    r.source_file,
    r.fingerprint,
    r.record_index,
    r.reason
from rejects as r
join told as t
    on t.source_file = r.source_file
    and t.fingerprint = r.fingerprint
    and t.record_index = r.record_index
    and t.reason = r.reason
    and t.text_bytes = r.text_bytes
join ingests as i on i.source_file = r.source_file and i.fingerprint = r.fingerprint
where r.record_index < i.next_record
