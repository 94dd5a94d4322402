-- grain: reject
-- reads: rejects
-- why: what could not be read, newest first
select
    rejected_at, reason, source_file, record_index, left(text, 200) as text, text_bytes,
    count(*) over () as rejects
from rejects
order by rejected_at desc, source_file, record_index
limit 500
