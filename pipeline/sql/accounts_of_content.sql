-- grain: file
-- reads: ingests
-- why: a part of the accounts, by the number that `account_numbers.sql` makes of a file's content;
--      those that held the most events last
select
    coalesce(content, fingerprint) as held_by,
    source_file, fingerprint, source, bytes, records,
    events + duplicates as held,
    records - rejects as understood,
    read_to, next_record, edges
from ingests
where try_cast('0x' || left(coalesce(content, fingerprint), 15) as bigint) % $parts = $part
order by held nulls first
