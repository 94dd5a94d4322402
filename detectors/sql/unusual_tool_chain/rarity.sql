-- grain: scope, word that the scope uses (the scope '' is the judged runs': any word of the history)
-- reads: history_words
-- why: how much a word tells: 1 for one that no earlier run's prompt or call had, towards 0 for
--      one that each had that could (inverse document frequency over that of an unseen word): any
--      run has the words of tools' names, one whose texts are not in the log no others, and one
--      whose texts are kept as fingerprints other words than one whose texts are kept in clear.
--      For an earlier run, the runs of its own prompt do not count.
with by_scope as (
    -- A prompt's runs may lie in several buckets.
    select
        scope,
        word,
        case when word = '' then kind end as counted,
        bool_or(kind = 'name') as is_name,
        sum(runs) as runs
    from history_words
    group by scope, word, counted
),

whole as (
    select word, counted, bool_or(is_name) as is_name, sum(runs) as runs
    from by_scope
    group by word, counted
),

seen_by as (
    select '' as scope, word, counted, is_name, runs
    from whole
    union all
    select h.scope, h.word, h.counted, w.is_name, w.runs - h.runs as runs
    from by_scope as h
    join whole as w on w.word = h.word and w.counted is not distinct from h.counted
),

words as (
    select
        scope,
        word,
        runs,
        case
            when is_name then 'name'
            when regexp_full_match(word, $fingerprint) then 'fingerprint'
            else 'clear'
        end as kind
    from seen_by
    where word <> ''
),

sizes as (
    select scope, counted as kind, runs
    from seen_by
    where word = ''
)

select
    w.scope,
    w.word,
    coalesce(ln((1 + n.runs) / (1.0 + w.runs)) / nullif(ln(1 + n.runs), 0), 1) as rarity
from words as w
join sizes as n on n.scope = w.scope and n.kind = w.kind
