-- grain: identity, aspect, value
-- reads: daily_action, daily_credential, daily_resource, newest_day
-- why: what is normal for an identity: its actions, tools, networks and clients over the last 30
--      days of data, each with its support in days and events
create or replace view identity_normal as
with lately as (
    select 'action' as aspect, a.identity_id, a.action as value, a.access as detail,
        a.events, a.event_date
    from daily_action as a
    join newest_day as n on a.event_date > n.day - 30 and a.event_date <= n.day
    union all
    select 'network', c.identity_id, c.network, c.country, c.events, c.event_date
    from daily_credential as c
    join newest_day as n on c.event_date > n.day - 30 and c.event_date <= n.day
    where c.network is not null
    union all
    select 'client', c.identity_id, c.client, null, c.events, c.event_date
    from daily_credential as c
    join newest_day as n on c.event_date > n.day - 30 and c.event_date <= n.day
    where c.client is not null
    union all
    select 'credential', c.identity_id, c.credential_id, c.credential_kind, c.events, c.event_date
    from daily_credential as c
    join newest_day as n on c.event_date > n.day - 30 and c.event_date <= n.day
    where c.credential_id is not null
    union all
    select 'resource', r.identity_id, r.resource_id, r.access, r.events, r.event_date
    from daily_resource as r
    join newest_day as n on r.event_date > n.day - 30 and r.event_date <= n.day
)

select
    identity_id::varchar as identity_id,  -- the identity
    aspect::varchar as aspect,  -- action | network | client | credential | resource
    value::varchar as value,  -- which one
    mode(detail order by detail)::varchar as detail,  -- its access level, country or kind
    sum(events)::bigint as events,  -- how often in 30 days
    count(distinct event_date)::bigint as days,  -- on how many days
    max(event_date)::date as last_day  -- the last of them
from lately
group by identity_id, aspect, value
