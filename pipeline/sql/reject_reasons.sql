-- grain: source_file, reason
-- reads: rejects
-- why: what could not be read and why, most first, for `nhiwatch status`
select
    source_file,
    count(*) as records,
    min(record_index) as first_record,
    reason,
    left(any_value(text), 80) as text
from rejects
group by source_file, reason
order by records desc, source_file
limit 20
