-- grain: trace, session or identity of the day with a tool call or a text
-- reads: events
-- why: what was judged, and whether there was anything to look at: a log may keep no texts, or only
--      their fingerprints
with texts as (
    select
        case
            when e.trace_id is not null then 'trace'
            when e.session_id is not null then 'session'
            else 'identity'
        end as subject_kind,
        coalesce(e.trace_id, e.session_id, e.identity_id) as subject_id,
        e.identity_id,
        list_filter(
            [e.prompt, e.tool_arguments, e.tool_result],
            lambda text: text <> ''
        ) as told
    from events as e
    where e.event_date = $day
        and e.identity_id is not null
        and (
            e.tool_name is not null
            or e.prompt is not null
            or e.tool_arguments is not null
            or e.tool_result is not null
        )
)

select
    subject_kind,
    subject_id,
    mode(identity_id order by identity_id) as identity_id,
    coalesce(sum(length(told)), 0)::bigint as texts,
    coalesce(sum(length(list_filter(
        told,
        lambda text: not regexp_matches(text, $fingerprint)
            and not regexp_full_match(
                text,
                '(?i)["''\s]*([a-z][a-z0-9]{1,11}[:=_-])?[0-9a-f]{16,128}["''\s]*'
            )
    ))), 0)::bigint as readable
from texts
group by subject_kind, subject_id
