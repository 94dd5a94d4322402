-- grain: start_id, giver_id, identity_id
-- reads: delegated_today, delegated_before, daily_identity
-- why: how well known a chain's start and last hand-over are at its end, and how open the end is:
--      one that serves many will serve one more, one that serves a single caller will not. The
--      edge is what has a history here, not its two ends alone.
with edges_today as (
    select distinct start_id, giver_id, identity_id
    from delegated_today
),

by_start as (
    select start_id, identity_id, count(distinct event_date) as days
    from delegated_before
    where succeeded > 0
    group by start_id, identity_id
),

by_giver as (
    select giver_id, identity_id, count(distinct event_date) as days
    from delegated_before
    where succeeded > 0
    group by giver_id, identity_id
),

ends as (
    select
        identity_id,
        count(distinct start_id) as starts,
        count(distinct giver_id) as givers
    from delegated_before
    where succeeded > 0
    group by identity_id
),

seen as (
    select identity_id, count(distinct event_date) as days
    from (
        select identity_id, event_date
        from daily_identity
        where event_date >= $history_start and event_date < $day
        union
        select start_id, event_date
        from delegated_before
    )
    group by identity_id
)

select
    e.start_id,
    e.giver_id,
    e.identity_id,
    least(coalesce(s.days, 0), coalesce(g.days, 0)) as edge_days,
    coalesce(n.starts, 0) as starts,
    -- Who is new there, the start or the giver, is measured against its like.
    case
        when coalesce(s.days, 0) <= coalesce(g.days, 0) then coalesce(n.starts, 0)
        else coalesce(n.givers, 0)
    end as openness_count,
    coalesce(h.days, 0) as start_days,
    coalesce(i.days, 0) as end_days
from edges_today as e
left join by_start as s on s.start_id = e.start_id and s.identity_id = e.identity_id
left join by_giver as g on g.giver_id = e.giver_id and g.identity_id = e.identity_id
left join ends as n on n.identity_id = e.identity_id
left join seen as h on h.identity_id = e.start_id
left join seen as i on i.identity_id = e.identity_id
