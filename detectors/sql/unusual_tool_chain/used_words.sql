-- grain: scope of the history, word (the word '' counts the scope's runs)
-- reads: prompts, call_words, prompt_words
-- why: in how many earlier runs a word was asked or called for, by prompt
with documents as (
    select trace_id, word from call_words
    union
    select trace_id, word from prompt_words
    union all
    select trace_id, '' as word from prompts
)

select p.scope, d.word, count(*) as runs
from documents as d
join prompts as p on p.trace_id = d.trace_id
where not p.judged
group by p.scope, d.word
