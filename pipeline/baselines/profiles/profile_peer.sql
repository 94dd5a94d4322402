-- grain: identity_id
-- reads: profile_action
-- why: peers of a machine are those of its kind that mainly use the same services. One group-by,
--      where comparing action sets pair by pair grows with the square of the identities.
create or replace macro profile_peer(day, history_start) as table
with services as (
    select
        identity_id,
        min(identity_kind) as identity_kind,
        coalesce(service, '') as service,
        sum(days) as weight,
        sum(observations)::bigint as observations,
        max(days) as days
    from profile_action(day, history_start)
    group by identity_id, coalesce(service, '')
),

main_services as (
    select
        identity_id,
        min(identity_kind) as identity_kind,
        list_sort(array_agg(service order by weight desc, service)[1:2]) as services,
        sum(observations)::bigint as observations,
        max(days) as days
    from services
    group by identity_id
)

select
    identity_id,
    identity_kind || ' of ' || array_to_string(services, ', ') as peer_group,
    count(*) over (partition by identity_kind, services) - 1 as peers,
    days,
    observations
from main_services
