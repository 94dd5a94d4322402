-- grain: identity_id, subject_kind, subject_id, place, tool_name, kind, fingerprint
-- reads: daily_secret
-- why: the secrets of the day, by the unit they were in
select
    identity_id,
    case
        when trace_id is not null then 'trace'
        when session_id is not null then 'session'
        else 'identity'
    end as subject_kind,
    coalesce(trace_id, session_id, identity_id) as subject_id,
    place,
    tool_name,
    min(access) as access,
    kind,
    fingerprint,
    any_value(masked) as masked,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    arg_min(event_id, (first_seen, event_id)) as event_id
from daily_secret
where event_date = $day
group by all
