-- grain: identity_id
-- reads: daily_identity
-- why: who is judged, and on how much history of its own; a record without a name is nobody's
with days as (
    select
        identity_id,
        max_by(identity_kind, event_date) as identity_kind,
        max_by(identity_name, event_date) as identity_name,
        sum(events) filter (where event_date = $day) as events,
        min(first_seen) filter (where event_date = $day) as first_seen,
        max(last_seen) filter (where event_date = $day) as last_seen,
        count(distinct event_date) filter (where event_date < $day) as active_days,
        sum(events) filter (where event_date < $day) as observations,
        count(distinct event_date) filter (where event_date < $day - $creep_days) as earlier_days,
        count(distinct event_date) filter (where event_date >= $day - $creep_days) as recent_days
    from daily_identity
    where event_date between $history_start and $day
    group by identity_id
)

select
    identity_id,
    identity_kind,
    identity_name,
    events::bigint as events,
    first_seen,
    last_seen,
    active_days,
    coalesce(observations, 0)::bigint as observations,
    earlier_days,
    recent_days,
    case identity_kind
        when 'human' then $human_share
        when 'cloud_service' then $cloud_service_share
        else 1.0
    end::double as kind_share
from days
where events > 0
