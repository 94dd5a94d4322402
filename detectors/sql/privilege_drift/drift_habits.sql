-- grain: identity_id, rule
-- reads: drift_known, drift_ruled, drift_hits, events
-- why: on how many days before this identity did what the rule knows, and to how many things a day
--      at most. Where the record makes the difference (a snapshot shared, not just changed), the
--      history is read for it; it seldom is.
with asked as (
    select distinct h.identity_id, h.rule, h.action
    from drift_hits as h
),

by_action as (
    select k.identity_id, r.rule, r.class, max(k.days) as days, max(k.most_resources) as most
    from drift_known as k
    join drift_ruled as r on r.action = k.action
    semi join asked as a on a.identity_id = k.identity_id
    where r.everyday or (r.raw_pattern is null and r.raw_unless is null and not r.outsider)
    group by k.identity_id, r.rule, r.class
),

by_record as (
    select
        e.identity_id,
        r.rule,
        r.class,
        count(distinct e.event_date) as days,
        count(distinct e.resource_id) as most
    from events as e
    join asked as a on a.identity_id = e.identity_id and a.action = e.action
    join drift_ruled as r on r.rule = a.rule and r.action = a.action
    where e.event_date >= $history_start
        and e.event_date < $day
        and not r.everyday
        and (r.raw_pattern is not null or r.raw_unless is not null or r.outsider)
        and (r.raw_pattern is null or regexp_matches(e.raw, r.raw_pattern, 'i'))
        and (r.raw_unless is null or not regexp_matches(e.raw, r.raw_unless, 'i'))
    group by e.identity_id, r.rule, r.class
)

select identity_id, rule, class, days, most
from by_action
union all
select identity_id, rule, class, days, most
from by_record
