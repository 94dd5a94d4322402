-- grain: day, source
-- reads: daily_identity
-- why: the pulse of the whole: events and identities a day
create or replace view daily_activity as
select
    event_date::date as day,  -- the UTC day
    source::varchar as source,  -- which log
    sum(events)::bigint as events,  -- events
    sum(denied)::bigint as denied,  -- of them, denied
    count(distinct identity_id)::bigint as identities  -- identities that acted
from daily_identity
group by event_date, source
