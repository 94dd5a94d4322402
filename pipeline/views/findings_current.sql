-- grain: finding
-- reads: findings, triage, identities
-- why: what an analyst works through: each finding with the last decision on it and whose it is
create or replace view findings_current as
with decided as (
    select
        finding_id,
        arg_max(decision, decided_at) as decision,
        arg_max(until, decided_at) as until,
        arg_max(assignee, decided_at) as assignee,
        arg_max(note, decided_at) as note,
        max(decided_at) as decided_at
    from triage
    group by finding_id
)

select
    f.finding_id::varchar as finding_id,  -- hash of detector, subject and window
    f.detector::varchar as detector,  -- which detector
    f.severity::varchar as severity,  -- low | medium | high | critical
    list_position(['low', 'medium', 'high', 'critical'], f.severity)::integer
        as severity_rank,  -- 1 for low to 4 for critical
    f.score::double as score,  -- 0..1, higher is worse
    f.confidence::double as confidence,  -- 0..1, how much evidence and history carry it
    f.identity_id::varchar as identity_id,  -- whose finding it is
    coalesce(i.identity_name, f.identity_id)::varchar as identity_name,  -- its short name
    coalesce(i.identity_kind, 'unknown')::varchar as identity_kind,  -- its kind
    i.owner::varchar as owner,  -- who answers for it, as declared
    f.subject::varchar as subject,  -- what was judged, kind:id
    f."window"::varchar as "window",  -- the judged time, start/end
    left(f."window", 10)::date as day,  -- the judged day
    f.title::varchar as title,  -- one line
    f.observed::varchar as observed,  -- what was seen
    f.expected::varchar as expected,  -- what was usual
    f.support::varchar as support,  -- on how much history
    f.evidence::varchar[] as evidence,  -- event ids, most telling first
    f.frameworks::varchar[] as frameworks,  -- ids of ATT&CK, ATLAS, OWASP, MAESTRO, NIST
    f.first_seen::timestamptz as first_seen,  -- the first evidence event
    f.last_seen::timestamptz as last_seen,  -- the last evidence event
    case
        when d.decision = 'acknowledge' then 'acknowledged'
        when d.decision = 'hand_over' then 'handed_over'
        when d.decision = 'suppress' and (d.until is null or d.until > f.last_seen)
            then 'suppressed'
        else 'new'
    end::varchar as state,  -- new | acknowledged | suppressed | handed_over
    d.until::timestamptz as suppressed_until,  -- end of a suppression
    d.assignee::varchar as assignee,  -- to whom it was handed
    d.note::varchar as note,  -- why it was decided so
    d.decided_at::timestamptz as decided_at,  -- when it was decided
    f.run_id::varchar as run_id  -- the run that judged it
from findings as f
left join decided as d on d.finding_id = f.finding_id
left join identities as i on i.identity_id = f.identity_id
