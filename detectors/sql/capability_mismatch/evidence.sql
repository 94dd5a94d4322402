-- grain: identity
-- reads: events, mismatches, found
-- why: the events of the mismatched acts, the weightiest and those with effect first
with told as (
    select
        e.identity_id,
        e.event_id,
        e.event_time,
        row_number() over (
            partition by e.identity_id
            order by m.weight desc, e.outcome = 'success' desc, e.event_time, e.event_id
        ) as place
    from events as e
    join mismatches as m on m.identity_id = e.identity_id and m.action = e.action
    semi join found as f on f.identity_id = e.identity_id
    where e.event_date = $day
)

select
    identity_id,
    list(event_id order by place) as evidence,
    min(event_time) as first_seen,
    max(event_time) as last_seen
from told
where place <= $most_evidence
group by identity_id
