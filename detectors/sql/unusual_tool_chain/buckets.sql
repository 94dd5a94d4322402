-- grain: bucket of runs
-- reads: traces
-- why: where in the log a bucket's runs lie; judged and earlier runs are never in one bucket
select
    bucket,
    judged,
    min(first_seen) as bucket_start,
    max(last_seen) as bucket_end
from traces
group by bucket, judged
order by bucket
