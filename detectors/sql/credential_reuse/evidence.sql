-- grain: event
-- reads: events, found
-- why: the odd uses of each found subject, first those with effect, at most $most_evidence of each
with odd as (
    select
        f.subject_kind,
        f.subject_id,
        e.event_id,
        e.event_time,
        row_number() over (
            partition by f.subject_kind, f.subject_id
            order by
                e.outcome = 'success' desc,
                e.access in ('permission', 'write', 'execute', 'delegate') desc,
                e.event_time,
                e.event_id
        ) as place
    from events as e
    join found as f
        on (f.subject_kind = 'credential' and e.credential_id = f.subject_id)
        or (f.subject_kind = 'session' and e.session_id = f.subject_id)
        or (f.subject_kind = 'identity' and e.identity_id = f.subject_id)
    where e.event_date = $day
        and (list_contains(f.addresses, e.source_ip) or list_contains(f.newcomers, e.identity_id))
)

select
    subject_kind,
    subject_id,
    list(event_id order by place) as evidence,
    min(event_time) as first_seen,
    max(event_time) as last_seen
from odd
where place <= $most_evidence
group by subject_kind, subject_id
