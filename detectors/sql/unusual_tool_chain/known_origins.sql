-- grain: tool, argument (null: the tool's name), each possible origin
-- reads: arguments, chains
-- why: by how many prompts an argument came from there, and from anywhere
select
    a.tool_name,
    a.argument,
    o.origin,
    count(distinct c.scope) filter (where a.origin = o.origin) as scopes,
    count(distinct c.scope) as scopes_anywhere
from arguments as a
join chains as c on c.trace_id = a.trace_id
cross join (values ('prompt'), ('result'), ('call'), ('nowhere')) as o (origin)
group by a.tool_name, a.argument, o.origin
