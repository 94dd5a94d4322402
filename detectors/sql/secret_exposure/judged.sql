-- grain: subject_kind, subject_id
-- reads: units, exposures, daily_identity
-- why: a unit is as bad as the worst secret in it
with worst as (
    select
        subject_kind,
        subject_id,
        max(score) as score,
        count(distinct fingerprint) as secrets,
        arg_max(identity_id, (score, fingerprint, place, event_id)) as identity_id,
        bool_or(is_carried) as is_carried,
        arg_max({
            'place': place,
            'tool_name': tool_name,
            'kind': kind,
            'masked': masked,
            'fingerprint': fingerprint,
            'is_carried': is_carried,
            'secret_days': secret_days,
            'kind_days': kind_days
        }, (score, fingerprint, place, event_id)) as worst,
        -- Most telling first; where a secret came from belongs to where it went.
        list(event_id order by score desc, first_seen, event_id) as evidence,
        min(first_seen) as first_seen,
        max(last_seen) as last_seen
    from exposures
    group by subject_kind, subject_id
),

history as (
    select identity_id, count(distinct event_date) as history_days
    from daily_identity
    where event_date >= $history_start and event_date < $day
    group by identity_id
)

select
    u.subject_kind,
    u.subject_id,
    coalesce(w.identity_id, u.identity_id) as identity_id,
    coalesce(w.score, 0.0)::double as score,
    coalesce(w.secrets, 0)::bigint as secrets,
    coalesce(w.is_carried, false) as is_carried,
    w.worst,
    u.texts,
    u.readable,
    w.evidence,
    w.first_seen,
    w.last_seen,
    coalesce(h.history_days, 0)::bigint as history_days
from units as u
left join worst as w on w.subject_kind = u.subject_kind and w.subject_id = u.subject_id
left join history as h on h.identity_id = coalesce(w.identity_id, u.identity_id)
