-- grain: reject
-- reads: rejects, ingests, spans, told
-- why: what was told of records that are read again now, and is not told again: `spans` are their
--      indexes, to the end and of the file as a whole if they have no `next_index`. Who has booked
--      a log since it was read, in another process, has seen what it ends in then.
select distinct
    r.source_file,
    r.fingerprint,
    r.record_index,
    r.reason
from rejects as r
join spans as s
    on s.source_file = r.source_file
    and s.fingerprint = r.fingerprint
    and (
        (r.record_index >= s.first_index and r.record_index < coalesce(s.next_index, 2 ** 62))
        or (r.record_index = -1 and s.next_index is null)
    )
left join ingests as i on i.source_file = s.source_file and i.fingerprint = s.fingerprint
anti join told as t
    on t.source_file = r.source_file
    and t.fingerprint = r.fingerprint
    and t.record_index = r.record_index
    and t.reason = r.reason
    -- A longer half of a line is told of anew.
    and t.text_bytes = r.text_bytes
where i.edges is null or i.edges = '' or i.edges = s.read_from
