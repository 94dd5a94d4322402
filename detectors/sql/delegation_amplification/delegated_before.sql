-- grain: start_id, giver_id, identity_id, action, event_date
-- reads: daily_delegation, delegated_today
-- why: what was done for whom on which day of the history, by the ends of today's chains
select distinct
    d.start_id,
    d.path[-2] as giver_id,
    d.identity_id,
    d.action,
    d.event_date
from daily_delegation as d
semi join delegated_today as t on t.identity_id = d.identity_id
where d.event_date >= $history_start and d.event_date < $day and d.succeeded > 0
