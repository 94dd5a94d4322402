-- grain: identity_id
-- reads: events, found_lost, agent_operations
-- why: what was done for nobody, the strongest first
select
    e.identity_id,
    list(
        e.event_id order by e.access in ('read', 'list', 'other'), e.event_time, e.event_id
    )[1:$most_evidence] as evidence,
    list_sort(list(distinct e.action)) as actions,
    min(e.event_time) as first_seen,
    max(e.event_time) as last_seen
from events as e
semi join found_lost as f on f.identity_id = e.identity_id
anti join agent_operations as m on m.action = e.action
where e.event_date = $day and e.on_behalf_of is null and e.action is not null
group by e.identity_id
