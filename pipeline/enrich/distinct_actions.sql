-- grain: action, service, tool_name, read_only
-- reads: parsed
-- why: what an action can do is looked up once for each of these
select distinct action, service, tool_name, read_only
from parsed
