-- grain: sentence of a tool's result
-- reads: calls
-- why: what a tool returned, cut where prose and data end a thought
with cut as (
    select
        trace_id,
        call_no,
        tool_name,
        regexp_split_to_array(
            regexp_replace(result, '\\n|\n\s*\n', '. ', 'g'),
            '[.!?;][\s"''<]|\n\s*-|[\[\]{}]|'', ''|", "'
        ) as parts
    from calls
    where result is not null
),

listed as (
    select
        trace_id,
        call_no,
        tool_name,
        unnest(parts) as text,
        generate_subscripts(parts, 1) as sentence_no
    from cut
)

select
    trace_id,
    call_no,
    tool_name,
    sentence_no,
    text,
    regexp_extract_all(lower(text), $word) as words
from listed
where length(text) between 8 and 2000
