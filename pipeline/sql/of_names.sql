-- grain: file
-- reads: ingests, asked
-- why: what there is of files of some names
select
    source_file, fingerprint, content, bytes,
    events + duplicates as held,
    ingested_at, next_record, edges
from ingests
semi join asked on asked.source_file = ingests.source_file
