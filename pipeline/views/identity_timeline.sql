-- grain: identity, day, access
-- reads: daily_action
-- why: an identity's story, a bar a day
create or replace view identity_timeline as
select
    identity_id::varchar as identity_id,  -- the identity
    event_date::date as day,  -- the UTC day
    access::varchar as access,  -- what its actions can do
    sum(events)::bigint as events,  -- how many
    sum(denied)::bigint as denied  -- of them, denied
from daily_action
group by identity_id, event_date, access
