-- grain: word
-- reads: call_words, prompt_words, traces
-- why: how much a word tells: 1 for one that no earlier run's prompt or call had, towards 0 for
--      one that each had (inverse document frequency over that of an unseen word)
with runs as (
    select count(*) as n
    from traces
    where not judged
),

documents as (
    select trace_id, word from call_words
    union
    select trace_id, word from prompt_words
)

select
    d.word,
    ln((1 + r.n) / (1.0 + count(*))) / ln(1 + r.n) as rarity
from documents as d
join traces as t on t.trace_id = d.trace_id and not t.judged
cross join runs as r
group by d.word, r.n
