-- grain: bucket of runs
-- reads: traces
-- why: where in the log a bucket's runs lie
select
    bucket,
    min(first_seen) as bucket_start,
    max(last_seen) as bucket_end,
    bool_or(not judged) as has_history
from traces
group by bucket
order by bucket
