-- grain: file
-- reads: ingests, readings
-- why: the rows of logs that were read on, with what that brought added. What the log ended in
--      before, after the record that came next, is read again and no longer counted. A reading
--      that did not begin where the row ends is left out: another process has booked it.
select
    i.source_file,
    i.fingerprint,
    r.bytes,
    coalesce(r.source, i.source) as source,
    -- A copy that was not read has no account of what is rejected in the other.
    (least(i.records, i.next_record) + r.records)::bigint as records,
    (i.events + r.events)::bigint as events,
    (i.duplicates + r.duplicates)::bigint as duplicates,
    (i.rejects - greatest(i.records - i.next_record, 0) + r.rejects)::bigint as rejects,
    list_concat(
        list_filter(i.partly, lambda p: p.record_index < i.next_record), r.partly
    ) as partly,
    least(i.first_event_at, r.first_event_at) as first_event_at,
    greatest(i.last_event_at, r.last_event_at) as last_event_at,
    r.ingested_at,
    r.run_id,
    list_filter(i.resolved, lambda record: record < i.next_record) as resolved,
    r.read_to,
    r.next_record,
    r.edges,
    r.content
from readings as r
join ingests as i on i.source_file = r.source_file and i.fingerprint = r.fingerprint
where i.edges = r.read_from
