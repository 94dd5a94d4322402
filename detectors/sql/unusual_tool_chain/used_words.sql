-- grain: scope of the history, word, kind of it (name: of a tool; clear or fingerprint: as a text has
--        it); the word '' counts the scope's runs that have words of the kind
-- reads: prompts, call_words, prompt_words
-- why: in how many of a bucket's earlier runs a word was asked or called for, by prompt
with spoken as (
    select trace_id, word, argument is null as is_name
    from call_words
    union all
    select trace_id, word, false as is_name
    from prompt_words
),

kinds as (
    select
        trace_id,
        word,
        case
            when bool_or(is_name) then 'name'
            when regexp_full_match(word, $fingerprint) then 'fingerprint'
            else 'clear'
        end as kind
    from spoken
    group by trace_id, word
),

documents as (
    select trace_id, word, kind from kinds
    union all
    select distinct trace_id, '' as word, kind from kinds where kind <> 'name'
    union all
    select trace_id, '' as word, 'name' as kind from prompts
)

select p.scope, d.word, d.kind, count(*) as runs
from documents as d
join prompts as p on p.trace_id = d.trace_id
group by p.scope, d.word, d.kind
