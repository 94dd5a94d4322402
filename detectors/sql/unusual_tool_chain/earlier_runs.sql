-- grain: agent
-- reads: traces
-- why: on how much history of its own an agent is judged
select identity_id, count(*) as runs, count(distinct day) as days
from traces
where not judged
group by identity_id
