-- grain: detector, subject, day
-- reads: scores, findings, judgements
-- why: every score as an alert: its place in its day's queue, whether it was a finding, and when
--      it could be told (the end of its window) and was. `all` is one queue of all detectors.
--      Equal scores share the last of their places; what a detector gives no weight is no alert.
with told as (
    select detector, subject, left("window", 10)::date as event_date
    from findings
    group by all
),

each_detector as (
    select
        s.detector,
        s.window_start::date as event_date,
        -- A kind of subject that labels cannot name counts for its identity.
        if(s.subject_kind in ('trace', 'session', 'credential'), s.subject_kind, 'identity')
            as subject_kind,
        if(s.subject_kind in ('trace', 'session', 'credential'), s.subject_id, s.identity_id)
            as subject_id,
        s.score,
        t.subject is not null as found,
        s.window_end,
        j.judged_at
    from scores as s
    left join told as t
        on t.detector = s.detector
        and t.subject = s.subject_kind || ':' || s.subject_id
        and t.event_date = s.window_start::date
    left join judgements as j
        on j.detector = s.detector and j.event_date = s.window_start::date
    where $detectors is null or list_contains($detectors, s.detector)
),

queues as (
    select * from each_detector
    union all
    select * replace ('all' as detector) from each_detector
)

select
    detector,
    event_date,
    subject_kind,
    subject_id,
    score,
    found,
    window_end,
    judged_at,
    if(
        score > 0,
        count(*) over (partition by detector, event_date order by score desc),
        null
    ) as place
from queues
