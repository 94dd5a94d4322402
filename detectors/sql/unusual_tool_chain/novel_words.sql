-- grain: trace, word
-- reads: call_words, prompt_words, rarity
-- why: words that a call brings in: neither the prompt nor an earlier call of the run had them
with first_used as (
    select trace_id, word, min(call_no) as call_no
    from call_words
    group by trace_id, word
)

select
    f.trace_id,
    f.call_no,
    f.word,
    coalesce(r.rarity, 1) as rarity
from first_used as f
anti join prompt_words as p on p.trace_id = f.trace_id and p.word = f.word
left join rarity as r on r.word = f.word
