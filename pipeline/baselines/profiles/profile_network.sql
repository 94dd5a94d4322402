-- grain: identity_id, network
-- reads: daily_credential
-- why: from where an identity is used to act, over [history_start, day). Support is in days and
--      events. Calls that a cloud's service makes for it say nothing of where it is.
create or replace macro profile_network(day, history_start) as table
select
    identity_id,
    network,
    mode(country order by country) as country,
    mode(cloud order by cloud) as cloud,
    sum(events)::bigint as events,
    count(distinct event_date) as days,
    max(last_seen) as last_seen
from daily_credential
where event_date >= history_start
    and event_date < day
    and network is not null
    and network <> 'service'
group by identity_id, network
