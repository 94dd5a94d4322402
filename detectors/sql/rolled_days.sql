-- grain: event_date
-- reads: rollups
-- why: a judged day is up to date while it and the history before it are what it was judged on. Two
--      sources may be rolled up by two runs, the later one for the earlier moment: so events count
with days as (
    select
        event_date,
        max(rolled_at) as rolled_at,
        sum(events)::bigint as events
    from rollups
    group by event_date
),

final as (
    select
        *,
        coalesce(sum(events) over (
            order by event_date
            range between to_days($history_days::integer) preceding
                and interval 1 day preceding
        ), 0)::bigint as history_events
    from days
)

select
    event_date,
    rolled_at,
    events,
    history_events
from final
where ($since is null or event_date >= $since) and ($until is null or event_date <= $until)
order by event_date
