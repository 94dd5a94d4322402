-- grain: identity, day, capability, action
-- reads: daily_action, capability_weights
-- why: what machines did on the judged day and in the history before it
select
    a.identity_id,
    a.event_date,
    a.event_date = $day as judged,
    a.capability,
    a.action,
    w.analysis,
    bool_or(a.identity_kind = 'agent' or a.capability = 'infer') as of_ai,
    sum(a.events) as events,
    sum(a.succeeded) as succeeded,
    sum(a.denied) as denied
from daily_action as a
join capability_weights as w on w.capability = a.capability
where a.event_date >= $history_start
    and a.event_date <= $day
    and a.identity_kind not in ('human', 'cloud_service', 'anonymous')
group by a.identity_id, a.event_date, a.capability, a.action, w.analysis
