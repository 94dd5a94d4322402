-- grain: detector, label
-- reads: labelled, touched, alerts
-- why: the worst that each detector said of each labelled unit since its attack began, the best
--      place of it in a day's queue, and when it was first told
with began as (
    select
        l.number,
        l.label,
        l.of_group,
        l.started,
        coalesce(l.started, min(t.first_event)) as first_seen
    from labelled as l
    left join touched as t on t.number = l.number
    group by l.number, l.label, l.of_group, l.started
),

detectors as (
    select distinct detector
    from alerts
),

matched as (
    select b.number, a.*
    from began as b
    join touched as t on t.number = b.number
    join alerts as a
        on a.event_date = t.event_date
        and a.subject_kind = t.subject_kind
        and a.subject_id = t.subject_id
    where b.started is null or a.window_end > b.started
)

select
    d.detector,
    b.number,
    b.label,
    b.of_group,
    b.first_seen is not null as seen,
    count(m.score) > 0 as scored,
    coalesce(max(m.score), 0) as score,
    coalesce(bool_or(m.found), false) as found,
    min(m.place) as place,
    epoch(min(m.window_end) filter (where m.found) - b.first_seen) / 3600 as hours_to_window_end,
    epoch(min(m.judged_at) filter (where m.found) - b.first_seen) / 3600 as hours_to_judged
from began as b
cross join detectors as d
left join matched as m on m.number = b.number and m.detector = d.detector
group by d.detector, b.number, b.label, b.of_group, b.first_seen
