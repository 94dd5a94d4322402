-- grain: source, event_date
-- reads: events, asked
-- why: the counts a roll-up was made from, taken from the same snapshot as the roll-up itself
with per_day as (
    select source, event_date, count(*)::bigint as events
    from events
    group by source, event_date
)

select
    d.source,
    d.event_date,
    d.events,
    coalesce(b.events, 0)::bigint as events_before
from per_day as d
semi join asked as a on a.source = d.source and a.event_date = d.event_date
left join per_day as b on b.source = d.source and b.event_date = d.event_date - 1
