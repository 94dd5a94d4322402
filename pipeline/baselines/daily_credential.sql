-- grain: source, event_date, identity_id, credential_id, session_id, source_ip, client, account_id
-- reads: events, todo
-- why: where each credential and session was used from, with what, and when
with day_events as (
    select e.*
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    where e.identity_id is not null and e.source_ip is not null
)
select
    source,
    event_date,
    identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    credential_id,
    mode(credential_kind order by credential_kind) as credential_kind,
    session_id,
    source_ip,
    mode(network order by network) as network,
    mode(country order by country) as country,
    mode(cloud order by cloud) as cloud,
    client,
    mode(user_agent order by user_agent) as user_agent,
    account_id,
    count(*) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    count(*) filter (where outcome = 'success') as succeeded,
    count(*) filter (where outcome = 'denied') as denied,
    count(distinct action) as actions,
    min(credential_issued_at) as issued_at
from day_events
group by source, event_date, identity_id, credential_id, session_id, source_ip, client, account_id
