-- grain: agent, tool, tool before it
-- reads: steps
-- why: by how many prompts an agent was led from one tool to another
select identity_id, tool_name, after_tool, count(distinct scope) as scopes
from steps
group by identity_id, tool_name, after_tool
