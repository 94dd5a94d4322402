-- grain: agent, what the log has of a run
-- reads: chains
-- why: an agent's earlier runs of which the log has the same as of the judged one. What they show
--      of texts holds for those alone: a log may begin to keep texts, or cease to
select identity_id, texts, prompted, hashed, count(*) as runs
from chains
group by identity_id, texts, prompted, hashed
