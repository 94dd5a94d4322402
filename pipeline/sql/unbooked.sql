-- grain: file that is only begun
-- reads: begun, ingests
-- why: who began with it was killed, or found that it was not whole: what landed of it is in no
--      account
select distinct b.source_file, b.fingerprint
from begun as b
anti join ingests as i on i.source_file = b.source_file and i.fingerprint = b.fingerprint
