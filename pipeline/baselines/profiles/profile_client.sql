-- grain: identity_id, client
-- reads: daily_credential
-- why: with what an identity is used to act, over [history_start, day). Support is in days and
--      events.
create or replace macro profile_client(day, history_start) as table
select
    identity_id,
    client,
    sum(events)::bigint as events,
    count(distinct event_date) as days
from daily_credential
where event_date >= history_start
    and event_date < day
    and client is not null
    and client <> 'service'
group by identity_id, client
