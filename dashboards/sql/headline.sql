-- grain: one row
-- reads: findings_current, identity_overview, newest_day
-- why: the numbers at the top of the overview
with found as (
    select
        count(*) filter (where f.state = 'new') as open,
        count(*) filter (where f.state = 'new' and f.severity_rank >= 3) as urgent,
        count(*) filter (where f.state = 'new' and f.day = n.day) as newest
    from newest_day as n
    left join findings_current as f on true
),

acting as (
    select
        count(*) filter (where identity_kind <> 'human') as machines,
        count(*) filter (where identity_kind = 'agent') as agents
    from identity_overview
)

select newest_day.day, found.open, found.urgent, found.newest, acting.machines, acting.agents
from newest_day
cross join found
cross join acting
