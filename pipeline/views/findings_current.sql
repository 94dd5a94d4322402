-- grain: finding
-- reads: findings, triage, identities, newest_day
-- why: what an analyst works through: each finding with the last decision on it and whose it is. A
--      suppression ends when the data come to its end, as risk fades by the data's days. No decision
--      holds for a finding that has become more urgent than it was then
create or replace view findings_current as
with decided as (
    select *
    from triage
    -- Whole rows: a decision without a note has not the note of the one before.
    qualify row_number() over (
        partition by finding_id
        order by decided_at desc, decision, severity, until, assignee, note
    ) = 1
),

raised as (
    select f.finding_id, d.severity
    from findings as f
    join decided as d on d.finding_id = f.finding_id
    where d.decision <> 'reopen'
        and list_position(['low', 'medium', 'high', 'critical'], d.severity)
        < list_position(['low', 'medium', 'high', 'critical'], f.severity)
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
        when r.severity is not null then 'new'
        when d.decision = 'acknowledge' then 'acknowledged'
        when d.decision = 'hand_over' then 'handed_over'
        when d.decision = 'suppress'
            and (d.until is null or d.until > coalesce(n.day, f.last_seen::date))
            then 'suppressed'
        else 'new'
    end::varchar as state,  -- new | acknowledged | suppressed | handed_over
    r.severity::varchar as raised_from,  -- its severity when it was decided, if it is higher now
    d.until::timestamptz as suppressed_until,  -- end of a suppression
    coalesce(n.day, f.last_seen::date)::date
        as newest_day,  -- of the data: a suppression that ends later holds
    d.assignee::varchar as assignee,  -- to whom it was handed
    d.decision::varchar as decision,  -- acknowledge | suppress | hand_over | reopen, the last one
    d.note::varchar as note,  -- why it was decided so
    d.decided_at::timestamptz as decided_at,  -- when it was decided
    f.run_id::varchar as run_id  -- the run that judged it
from findings as f
cross join newest_day as n
left join decided as d on d.finding_id = f.finding_id
left join raised as r on r.finding_id = f.finding_id
left join identities as i on i.identity_id = f.identity_id
