-- grain: action, access, is_tool
-- reads: events, todo
-- why: what an action makes of who takes it is looked up once for each of these
select distinct
    e.action,
    e.access,
    e.tool_name is not null as is_tool
from events as e
semi join todo as t on t.source = e.source and t.event_date = e.event_date
where e.action is not null
