-- grain: source, event_date, identity_id
-- reads: events, todo
-- why: volume, reach and rhythm of an identity, a row a day
with day_events as (
    select e.*
    from events as e
    semi join todo as t on t.source = e.source and t.event_date = e.event_date
    where e.identity_id is not null
)
select
    source,
    event_date,
    identity_id,
    mode(identity_kind order by identity_kind) as identity_kind,
    mode(identity_name order by identity_name) as identity_name,
    mode(account_id order by account_id) as account_id,
    count(*) as events,
    min(event_time) as first_seen,
    max(event_time) as last_seen,
    count(*) filter (where outcome = 'denied') as denied,
    count(*) filter (where outcome = 'failure') as failed,
    count(*) filter (where outcome = 'success' and access in ('read', 'list')) as reads,
    count(*) filter (where outcome = 'success' and access = 'write') as writes,
    count(*) filter (where outcome = 'success' and access = 'permission') as permissions,
    count(*) filter (where outcome = 'success' and access in ('execute', 'delegate')) as executes,
    count(distinct action) as actions,
    count(distinct service) as services,
    count(distinct resource_id) as resources,
    count(distinct session_id) as sessions,
    count(distinct credential_id) as credentials,
    count(distinct network) as networks,
    count(distinct date_trunc('hour', event_time)) as active_hours,
    coalesce(sum(input_tokens), 0)::bigint as input_tokens,
    coalesce(sum(output_tokens), 0)::bigint as output_tokens
from day_events
group by source, event_date, identity_id
