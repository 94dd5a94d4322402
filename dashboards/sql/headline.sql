-- grain: one row
-- reads: findings_current, identity_overview, daily_activity
-- why: the numbers at the top of the overview
with newest as (
    select max(day) as day
    from daily_activity
),

found as (
    select
        count(*) filter (where f.state = 'new') as open,
        count(*) filter (where f.state = 'new' and f.severity_rank >= 3) as urgent,
        count(*) filter (where f.state = 'new' and f.day = n.day) as newest
    from newest as n
    left join findings_current as f on true
),

acting as (
    select
        count(*) filter (where identity_kind <> 'human') as machines,
        count(*) filter (where identity_kind = 'agent') as agents
    from identity_overview
)

select newest.day, found.open, found.urgent, found.newest, acting.machines, acting.agents
from newest
cross join found
cross join acting
