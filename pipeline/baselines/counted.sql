-- grain: source, event_date
-- reads: events, asked
-- why: the count a roll-up was made from, taken from the same snapshot as the roll-up itself
select
    e.source,
    e.event_date,
    count(*)::bigint as events
from events as e
semi join asked as a on a.source = e.source and a.event_date = e.event_date
group by e.source, e.event_date
