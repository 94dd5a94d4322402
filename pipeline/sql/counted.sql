-- grain: file
-- reads: ingests, tried
-- why: what was counted of files before some of their rejects were replayed
select i.source_file, i.fingerprint, i.events, i.duplicates
from ingests as i
semi join tried as t on t.source_file = i.source_file and t.fingerprint = i.fingerprint
