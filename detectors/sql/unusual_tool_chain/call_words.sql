-- grain: tool call, word
-- reads: calls, function_words
-- why: what a call is about: the words of the tool's name and of its arguments
with words as (
    select distinct
        trace_id,
        call_no,
        unnest(regexp_extract_all(
            lower(
                regexp_replace(tool_name, '([a-z])([A-Z])', '\1 \2', 'g')
                || ' ' || coalesce(arguments, '')
            ),
            '\p{L}{3,}|\d{2,}'
        )) as word
    from calls
)

select w.trace_id, w.call_no, w.word
from words as w
anti join function_words as f on f.word = w.word
