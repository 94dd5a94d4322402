-- grain: scope, word that the scope uses (the scope '' is the judged runs': any word of the history)
-- reads: history_words
-- why: how much a word tells: 1 for one that no earlier run's prompt or call had, towards 0 for
--      one that each had (inverse document frequency over that of an unseen word). For an earlier
--      run, the runs of its own prompt do not count.
with by_scope as (
    -- A prompt's runs may lie in several buckets.
    select scope, word, sum(runs) as runs
    from history_words
    group by scope, word
),

whole as (
    select word, sum(runs) as runs
    from by_scope
    group by word
),

seen_by as (
    select '' as scope, word, runs
    from whole
    union all
    select h.scope, h.word, w.runs - h.runs as runs
    from by_scope as h
    join whole as w on w.word = h.word
),

sizes as (
    select scope, runs from seen_by where word = ''
)

select
    s.scope,
    s.word,
    coalesce(ln((1 + n.runs) / (1.0 + s.runs)) / nullif(ln(1 + n.runs), 0), 1) as rarity
from seen_by as s
join sizes as n on n.scope = s.scope
where s.word <> ''
