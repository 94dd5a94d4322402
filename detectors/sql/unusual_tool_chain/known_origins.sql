-- grain: tool, argument (null: the tool's name), each possible origin
-- reads: arguments, chains
-- why: by how many prompts an argument came from there, and from anywhere, where the log has all
--      that it can come from
with seen as (
    select a.tool_name, a.argument, a.origin, c.scope
    from arguments as a
    join chains as c on c.trace_id = a.trace_id
    where c.prompted and not a.unread
)

select
    s.tool_name,
    s.argument,
    o.origin,
    count(distinct s.scope) filter (where s.origin = o.origin) as scopes,
    count(distinct s.scope) as scopes_anywhere
from seen as s
cross join (values ('prompt'), ('result'), ('call'), ('nowhere')) as o (origin)
group by s.tool_name, s.argument, o.origin
