-- grain: log
-- reads: ingests
-- why: a part of the accounts of logs, by the number that `account_numbers.sql` makes of how a log
--      begins
select
    fingerprint as held_by,
    source_file, fingerprint, source, bytes, records,
    events + duplicates as held,
    records - rejects as understood,
    read_to, next_record, edges
from ingests
where edges is not null and try_cast('0x' || left(fingerprint, 15) as bigint) % $parts = $part
