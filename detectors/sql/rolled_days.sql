-- grain: event_date
-- reads: rollups
-- why: a judged day is up to date while its newest roll-up is the one it was judged on
select
    event_date,
    max(rolled_at) as rolled_at
from rollups
where ($since is null or event_date >= $since) and ($until is null or event_date <= $until)
group by event_date
order by event_date
