-- grain: row of `begun`
-- reads: begun, ingests
-- why: what was begun and is in `ingests` by now
select
    b.source_file,
    b.fingerprint,
    b.run_id
from begun as b
semi join ingests as i on i.source_file = b.source_file and i.fingerprint = b.fingerprint
