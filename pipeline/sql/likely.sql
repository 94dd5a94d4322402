-- grain: event of `arrived` whose hash is that of an event of the lake
-- reads: arrived, known_ids
-- why: the lake may have these; of all others it is sure that it does not, and its files are not
--      opened
select event_id
from arrived
semi join known_ids on known_ids.id = hash(arrived.event_id)
