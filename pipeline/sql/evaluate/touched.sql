-- grain: label, day, subject
-- reads: events, labelled
-- why: what a detector can have judged of a labelled unit: on each day with an event of it, the
--      identities, traces, sessions and credentials that those events belong to
with of_label as (
    select
        l.number,
        e.event_date,
        e.identity_id,
        e.trace_id,
        e.session_id,
        e.credential_id,
        min(e.event_time) as first_event
    from labelled as l
    join events as e
        on l.unit = case $level
            when 'event' then e.event_id
            when 'trace' then e.trace_id
            when 'session' then e.session_id
            when 'credential' then e.credential_id
            else e.identity_id
        end
        and (l.day is null or l.day = e.event_date)
    group by all
),

subjects as (
    select
        number,
        event_date,
        first_event,
        unnest(
            [
                {'subject_kind': 'identity', 'subject_id': identity_id},
                {'subject_kind': 'trace', 'subject_id': trace_id},
                {'subject_kind': 'session', 'subject_id': session_id},
                {'subject_kind': 'credential', 'subject_id': credential_id}
            ],
            recursive := true
        )
    from of_label
)

select
    number,
    event_date,
    subject_kind,
    subject_id,
    min(first_event) as first_event
from subjects
where subject_id is not null
group by number, event_date, subject_kind, subject_id
