-- grain: record that is no event
-- reads: parsed
-- why: each becomes a reject with the source's own reason
select source_file, record_index, any_value(problem) as problem, any_value(raw) as raw
from parsed
where problem is not null
group by source_file, record_index
order by source_file, record_index
