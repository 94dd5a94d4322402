-- grain: sentence, word that a call or the prompt of the same run has, or that makes a request
-- reads: sentences, call_words, prompt_words, calls, request_words
-- why: only words that something in the run uses can explain it; the others are most of the text
with wanted as (
    select trace_id, word from call_words
    union
    select trace_id, word from prompt_words
    union
    select t.trace_id, r.word from (select distinct trace_id from calls) as t cross join request_words as r
),

spoken as (
    select distinct trace_id, call_no, sentence_no, unnest(words) as word
    from sentences
)

select s.trace_id, s.call_no, s.sentence_no, s.word
from spoken as s
semi join wanted as w on w.trace_id = s.trace_id and w.word = s.word
