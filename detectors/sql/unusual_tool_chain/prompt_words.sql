-- grain: trace, word
-- reads: prompts
-- why: what was asked for explains a call
select distinct
    trace_id,
    unnest(regexp_extract_all(lower(prompt), '\p{L}{3,}|\d{2,}')) as word
from prompts
