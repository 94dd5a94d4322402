-- grain: file
-- reads: booked, readings
-- why: the accounts of files, of which some are `booked`, once what was read of them is added.
--      What a log ended in before, after the record that came next, is read again and no longer
--      counted. Of a copy, which is not read, those events are its own that an ingest which broke
--      off had brought from it.
select
    r.source_file,
    r.fingerprint,
    if(r.kind = 'replay', i.bytes, r.bytes) as bytes,
    case
        -- Of another source it is by what is understood, and by that alone.
        when r.kind = 'replay' and i.events + i.duplicates > 0 then i.source
        when r.kind = 'replay' and r.events + r.duplicates = 0 then coalesce(i.source, r.source)
        else coalesce(r.source, i.source)
    end as source,
    case r.kind
        -- A copy has no account of what is rejected in the other.
        when 'further' then least(i.records, i.next_record) + r.records
        when 'replay' then i.records
        else r.records
    end as records,
    case r.kind
        when 'anew' then r.events
        when 'copy' then least(coalesce(i.events, 0), r.events)
        else i.events + r.events
    end as events,
    case r.kind
        when 'anew' then r.duplicates
        when 'copy' then r.events - least(coalesce(i.events, 0), r.events)
        else i.duplicates + r.duplicates
    end as duplicates,
    case r.kind
        when 'further' then i.rejects - greatest(i.records - i.next_record, 0) + r.rejects
        when 'replay' then i.rejects + r.rejects
        else r.rejects
    end as rejects,
    if(r.kind = 'anew', r.first_event_at, least(i.first_event_at, r.first_event_at))
        as first_event_at,
    if(r.kind = 'anew', r.last_event_at, greatest(i.last_event_at, r.last_event_at))
        as last_event_at,
    if(r.kind = 'replay', i.ingested_at, r.ingested_at) as ingested_at,
    if(r.kind = 'replay', i.run_id, r.run_id) as run_id,
    greatest(i.replayed_at, r.replayed_at) as replayed_at,
    if(r.kind = 'replay', i.read_to, r.read_to) as read_to,
    if(r.kind = 'replay', i.next_record, r.next_record) as next_record,
    if(r.kind = 'replay', i.edges, r.edges) as edges,
    if(r.kind = 'replay', i.content, r.content) as content
from readings as r
left join booked as i on i.source_file = r.source_file and i.fingerprint = r.fingerprint
where r.kind <> 'grown'
