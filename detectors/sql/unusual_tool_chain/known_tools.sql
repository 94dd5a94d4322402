-- grain: agent, tool
-- reads: chains
-- why: by how many prompts an agent was led to a tool
with used as (
    select identity_id, scope, unnest(tools) as tool_name
    from chains
)

select identity_id, tool_name, count(distinct scope) as scopes
from used
group by identity_id, tool_name
