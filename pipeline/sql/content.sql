-- grain: event of `texts`, in its order
-- reads: texts, clear_words
-- why: texts without their content: each word gives way to a keyed hash of it, so that who has the
--      salt can look for a word and nobody can read one. What stays is what the judging of a chain
--      needs and what says nothing: signs, the case of a word's first letter, function words, words
--      that make requests, verbs and the words of tools' names, keys of arguments. `raw` keeps only
--      the piece that tells that the record names its agent itself.
with arguments_told as (
    select
        row_index,
        -- What is no object, or has a key twice, is one text. No json_each: it copies the whole
        -- beside each key.
        unnest(coalesce(
            case
                when json_valid(tool_arguments) and json_type(tool_arguments) = 'OBJECT'
                    then map_entries(
                        try(json_transform(tool_arguments, '"MAP(VARCHAR, VARCHAR)"'))
                    )
            end,
            [{'key': '', 'value': tool_arguments}]
        )) as argument
    from texts
    where tool_arguments is not null
),

cut as (
    select
        row_index,
        name,
        -- Of arguments each value is a text of its own, so that what comes out is JSON again.
        key,
        regexp_extract_all(text, '\\[nrtbf"/\\]|[\p{L}\p{M}\d]+|[^\p{L}\p{M}\d\\]+|\\') as parts
    from (
        select row_index, 'prompt' as name, null as key, prompt as text
        from texts
        where prompt is not null
        union all
        select row_index, 'tool_result' as name, null as key, tool_result as text
        from texts
        where tool_result is not null
        union all
        select
            row_index,
            'tool_arguments' as name,
            argument.key as key,
            coalesce(argument.value, '') as text
        from arguments_told
    )
),

words as (
    select distinct unnest(parts) as word
    from cut
),

stand_ins as (
    select
        w.word,
        case when regexp_matches(w.word, '^[\p{Lu}\p{Lo}]') then 'Zq' else 'zq' end
            || left(sha256($salt || chr(31) || lower(w.word)), 12) as stand_in
    from words as w
    anti join clear_words as c on c.word = lower(w.word)
    where regexp_matches(w.word, '^[\p{L}\p{M}\d]')
        and not regexp_matches(w.word, '^\p{L}{1,2}$')
),

pieces as (
    select row_index, name, key, unnest(parts) as word, generate_subscripts(parts, 1) as place
    from cut
),

hidden as (
    select
        p.row_index,
        p.name,
        p.key,
        string_agg(coalesce(s.stand_in, p.word), '' order by p.place) as text
    from pieces as p
    left join stand_ins as s on s.word = p.word
    group by p.row_index, p.name, p.key
),

-- A key without a word stays.
arguments as (
    select
        a.row_index,
        json_group_object(a.argument.key, coalesce(h.text, ''))::varchar as text
    from arguments_told as a
    left join hidden as h
        on h.row_index = a.row_index and h.name = 'tool_arguments' and h.key = a.argument.key
    group by a.row_index
)

select
    p.text as prompt,
    -- An empty object stays one.
    case when t.tool_arguments is not null then coalesce(a.text, '{}') end as tool_arguments,
    r.text as tool_result
from texts as t
left join hidden as p on p.row_index = t.row_index and p.name = 'prompt'
left join arguments as a on a.row_index = t.row_index
left join hidden as r on r.row_index = t.row_index and r.name = 'tool_result'
order by t.row_index
