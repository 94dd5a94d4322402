-- grain: reason
-- reads: rejects
-- why: what could not be read and why, most first, for `nhiwatch status`; one place as an example
select
    count(*) as records,
    count(distinct source_file) as files,
    reason,
    any_value(source) as source,
    arg_max(source_file, rejected_at) as source_file,
    arg_max(record_index, rejected_at) as record_index,
    max(rejected_at) as last_rejected_at
from rejects
group by reason
order by records desc, reason
limit 20
