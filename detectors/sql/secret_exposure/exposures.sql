-- grain: identity_id, subject_kind, subject_id, place, tool_name, kind, fingerprint
-- reads: secrets_today, handled, kinds
-- why: how bad each secret in each place is. An argument of a tool that authenticates is where a
--      secret belongs; one that a result brought and an argument carries on is worst; what this
--      identity handles on other days as well counts less.
with read_before as (
    select subject_kind, subject_id, fingerprint, min(first_seen) as first_read
    from secrets_today
    where place = 'result'
    group by subject_kind, subject_id, fingerprint
),

placed as (
    select
        s.*,
        k.strength,
        h.secret_days,
        h.kind_days,
        s.place = 'argument'
        and s.access is distinct from 'auth'
        and coalesce(r.first_read <= s.last_seen, false) as is_carried,
        case
            when s.place = 'prompt' then $prompt_weight
            when s.place = 'result' then $result_weight
            when s.access = 'auth' then $login_weight
            else 1.0
        end as place_weight,
        case
            when h.secret_days >= $known_days then $known_secret_share
            when h.kind_days >= $known_days then $known_kind_share
            else 1.0
        end as novelty
    from secrets_today as s
    join kinds as k on k.kind = s.kind
    join handled as h
        on h.identity_id = s.identity_id
        and h.place = s.place
        and h.tool_name is not distinct from s.tool_name
        and h.kind = s.kind
        and h.fingerprint = s.fingerprint
    left join read_before as r
        on r.subject_kind = s.subject_kind
        and r.subject_id = s.subject_id
        and r.fingerprint = s.fingerprint
)

select
    subject_kind,
    subject_id,
    identity_id,
    place,
    tool_name,
    access,
    kind,
    fingerprint,
    masked,
    first_seen,
    last_seen,
    event_id,
    secret_days,
    kind_days,
    is_carried,
    (case
        when is_carried then 1 - (1 - strength * place_weight) * (1 - $carried_weight)
        else strength * place_weight
    end * novelty)::double as score
from placed
