-- grain: one row
-- reads: chains
-- why: how long earlier runs are, how often they repeat a call and retry what was denied
select
    greatest(
        coalesce(quantile_cont(repeats, 0.99) filter (where repeats > 0), 0), $least_repeats
    ) as repeats,
    greatest(coalesce(quantile_cont(calls, 0.99), 0), $least_calls) as calls,
    greatest(coalesce(quantile_cont(retries, 0.99), 0), $least_retries) as retries
from chains
