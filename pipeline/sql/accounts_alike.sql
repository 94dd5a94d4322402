-- grain: log
-- reads: ingests, asked
-- why: the accounts of logs that begin as a log of one of some names did
with own as (
    select ingests.fingerprint
    from ingests
    semi join asked on asked.source_file = ingests.source_file
    where ingests.edges is not null
)

select
    i.fingerprint as held_by,
    i.source_file, i.fingerprint, i.source, i.bytes, i.records,
    i.events + i.duplicates as held,
    i.records - i.rejects as understood,
    i.read_to, i.next_record, i.edges
from ingests as i
semi join own on own.fingerprint = i.fingerprint
where i.edges is not null
