-- grain: one row
-- reads: rollups
-- why: the day that is today as far as the data go, so that a month of the past is looked at from its
--      own end. What is dated later than a day after it was in the lake is a wrong clock's, and moves
--      nothing, unless there is nothing else
create or replace view newest_day as
select
    coalesce(
        max(event_date) filter (where event_date <= rolled_at::date + 1),
        max(event_date)
    )::date as day  -- the newest UTC day with events
from rollups
