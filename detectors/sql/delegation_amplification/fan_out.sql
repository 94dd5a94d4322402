-- grain: start_id
-- reads: delegated_today, delegated_before
-- why: how many identities each start reached on the day, against its own earlier days, or those
--      of all starts where it has none. Only what it never reached before counts.
with daily as (
    select start_id, event_date, count(distinct identity_id) as ends
    from delegated_before
    group by start_id, event_date
),

own as (
    select start_id, count(*) as days, median(ends) as usual, mad(ends) as spread
    from daily
    group by start_id
),

everybody as (
    select count(distinct event_date) as days, median(ends) as usual, mad(ends) as spread
    from daily
),

reached as (
    select distinct start_id, identity_id
    from delegated_before
),

today as (
    select
        d.start_id,
        count(distinct d.identity_id) as ends,
        count(distinct d.identity_id) filter (where r.identity_id is null) as new_ends,
        list_sort(list(distinct d.identity_id) filter (where r.identity_id is null)) as reached,
        list(d.event_id order by r.identity_id is not null, d.first_seen, d.event_id) as evidence,
        min(d.first_seen) as first_seen,
        max(d.last_seen) as last_seen
    from delegated_today as d
    left join reached as r on r.start_id = d.start_id and r.identity_id = d.identity_id
    group by d.start_id
),

measured as (
    select
        t.*,
        coalesce(o.days, 0) as days,
        case when o.days >= $few_days then o.usual else e.usual end as usual,
        greatest(
            1.4826 * case when o.days >= $few_days then o.spread else e.spread end,
            0.15 * case when o.days >= $few_days then o.usual else e.usual end,
            $fan_out_floor
        ) as spread,
        e.days >= $few_days as is_known
    from today as t
    left join own as o on o.start_id = t.start_id
    cross join everybody as e
)

select
    start_id,
    ends,
    new_ends,
    reached,
    evidence,
    first_seen,
    last_seen,
    days,
    usual::double as usual,
    (case
        when not is_known then 0
        else (1 - exp(-greatest(0, (ends - usual) / spread - 2) / $fan_out_scale))
            * new_ends / ends
    end)::double as score
from measured
