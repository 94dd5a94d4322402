-- grain: trace, word
-- reads: call_words, prompt_words, prompts, rarity
-- why: words that a call brings in: neither the prompt nor an earlier call of the run had them;
--      `argument` is where (null: the tool's name, which goes before the arguments)
with first_used as (
    select
        trace_id,
        word,
        min(call_no) as call_no,
        arg_min_null(argument, (call_no, argument is not null, argument)) as argument
    from call_words
    group by trace_id, word
)

select
    f.trace_id,
    f.call_no,
    f.argument,
    f.word,
    coalesce(r.rarity, 1) as rarity
from first_used as f
join prompts as t on t.trace_id = f.trace_id
anti join prompt_words as p on p.trace_id = f.trace_id and p.word = f.word
left join rarity as r on r.scope = t.scope and r.word = f.word
