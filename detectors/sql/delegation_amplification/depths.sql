-- grain: start_id
-- reads: delegated_today, delegated_before
-- why: how deep the chains of each start usually go, a day; of all starts where it has no history
with daily as (
    select start_id, event_date, max(depth) as depth
    from delegated_before
    group by start_id, event_date
),

own as (
    select
        start_id,
        count(*) as days,
        median(depth) as usual,
        mad(depth) as spread
    from daily
    group by start_id
),

everybody as (
    select median(depth) as usual, mad(depth) as spread, count(distinct event_date) as days
    from daily
)

select
    t.start_id,
    coalesce(o.days, 0) as days,
    case when o.days >= $few_days then o.usual else e.usual end::double as usual,
    greatest(
        1.4826 * case when o.days >= $few_days then o.spread else e.spread end,
        $depth_floor
    )::double as spread,
    e.days >= $few_days as is_known
from (select distinct start_id from delegated_today) as t
left join own as o on o.start_id = t.start_id
cross join everybody as e
