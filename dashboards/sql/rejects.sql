-- grain: reject
-- reads: rejects
-- why: what could not be read, newest first
select
    source_file, record_index, reason, left(text, 200) as text, text_bytes, rejected_at
from rejects
order by rejected_at desc, source_file, record_index
limit 500
