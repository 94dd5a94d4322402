-- grain: agent, destination
-- reads: sent, chains
-- why: by how many prompts an agent was led to send something there
select c.identity_id, s.destination, count(distinct c.scope) as scopes
from sent as s
join chains as c on c.trace_id = s.trace_id
group by c.identity_id, s.destination
