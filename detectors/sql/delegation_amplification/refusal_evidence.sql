-- grain: identity_id, action
-- reads: events, found_refusals
-- why: the refusal itself, where it is of the day
select
    e.identity_id,
    e.action,
    arg_min(e.event_id, (e.event_time, e.event_id)) as event_id
from events as e
semi join found_refusals as f on f.identity_id = e.identity_id and f.action = e.action
where e.event_date = $day and e.outcome = 'denied'
group by e.identity_id, e.action
