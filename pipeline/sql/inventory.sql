-- grain: identity_id
-- reads: daily_identity, declared
-- why: one list of all that act: what the inventory file declares and what the logs show
with seen as (
    select
        identity_id,
        arg_max(identity_name, (last_seen, source)) as identity_name,
        arg_max(identity_kind, (last_seen, source)) as identity_kind,
        mode(source order by source) as source,
        mode(account_id order by account_id) as account_id,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen,
        sum(events)::bigint as events,
        count(distinct event_date) as active_days
    from daily_identity
    group by identity_id
)

select
    coalesce(seen.identity_id, declared.identity_id) as identity_id,
    coalesce(seen.identity_name, declared.identity_id) as identity_name,
    coalesce(seen.identity_kind, 'unknown') as identity_kind,
    seen.source,
    seen.account_id,
    declared.identity_id is not null as declared,
    declared.owner,
    declared.purpose,
    declared.capability,
    declared.allowed_networks,
    declared.allowed_tools,
    seen.first_seen,
    seen.last_seen,
    coalesce(seen.events, 0) as events,
    coalesce(seen.active_days, 0) as active_days
from seen
full join declared on declared.identity_id = seen.identity_id
