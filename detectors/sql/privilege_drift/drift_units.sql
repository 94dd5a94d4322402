-- grain: identity_id
-- reads: daily_identity
-- why: who is judged, and on how much history of its own; a record without a name is nobody's
with today as (
    select
        identity_id,
        any_value(identity_kind) as identity_kind,
        any_value(identity_name) as identity_name,
        sum(events)::bigint as events,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from daily_identity
    where event_date = $day
    group by identity_id
),

history as (
    select
        identity_id,
        count(distinct event_date) as active_days,
        sum(events)::bigint as observations
    from daily_identity
    where event_date >= $history_start
        and event_date < $day
    group by identity_id
)

select
    t.identity_id,
    t.identity_kind,
    t.identity_name,
    t.events,
    t.first_seen,
    t.last_seen,
    coalesce(h.active_days, 0) as active_days,
    coalesce(h.observations, 0)::bigint as observations,
    case t.identity_kind
        when 'human' then $human_share
        when 'cloud_service' then $cloud_service_share
        else 1.0
    end::double as kind_share
from today as t
left join history as h on h.identity_id = t.identity_id
