-- grain: tool call, argument (null: the tool's name)
-- reads: call_words, prompt_words, sentence_words, novel_words, calls
-- why: where the words of each argument come from, the nearest source that has half of them: the
--      prompt, a result read before, an earlier call, or nowhere; and what they bring in, in words
--      nobody used before. `unread`: results before it are not in the log, so that what seems to
--      come from nowhere may come from there.
with before as (
    select
        trace_id,
        call_no,
        tool_name,
        coalesce(bool_or(is_unread) over (
            partition by trace_id order by call_no rows between unbounded preceding and 1 preceding
        ), false) as unread
    from calls
),

in_results as (
    select trace_id, word, min(call_no) as call_no
    from sentence_words
    group by trace_id, word
),

in_calls as (
    select trace_id, word, min(call_no) as call_no
    from call_words
    group by trace_id, word
)

select
    w.trace_id,
    w.call_no,
    w.argument,
    any_value(b.tool_name) as tool_name,
    any_value(b.unread) as unread,
    case
        when avg((p.word is not null)::integer) >= 0.5 then 'prompt'
        when avg((p.word is not null or r.word is not null)::integer) >= 0.5 then 'result'
        when avg((p.word is not null or r.word is not null or e.word is not null)::integer) >= 0.5
            then 'call'
        else 'nowhere'
    end as origin,
    coalesce(sum(n.rarity), 0) as novelty
from call_words as w
join before as b on b.trace_id = w.trace_id and b.call_no = w.call_no
left join prompt_words as p on p.trace_id = w.trace_id and p.word = w.word
left join in_results as r
    on r.trace_id = w.trace_id and r.word = w.word and r.call_no < w.call_no
left join in_calls as e on e.trace_id = w.trace_id and e.word = w.word and e.call_no < w.call_no
left join novel_words as n
    on n.trace_id = w.trace_id and n.call_no = w.call_no and n.word = w.word
    and n.argument is not distinct from w.argument
group by w.trace_id, w.call_no, w.argument
