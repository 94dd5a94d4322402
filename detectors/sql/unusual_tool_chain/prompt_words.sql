-- grain: trace, word
-- reads: prompts
-- why: what was asked for explains a call
select distinct trace_id, unnest(regexp_extract_all(lower(prompt), $word)) as word
from prompts
