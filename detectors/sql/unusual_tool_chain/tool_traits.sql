-- grain: tool
-- reads: events, traces
-- why: the three sets that make a leak when one run joins them. Set by the thresholds, else learned
--      from what the log says of a tool: it reads what others may write (untrusted: it fetches
--      addresses, or its name says web, mail, comment ...), it reads what is ours (private: it
--      reads, and not from outside), it can carry data out (way_out: it does more than read and has
--      been given an address). Null: nothing is known of it.
with used as (
    select
        tool_name,
        mode(access order by access) as access,
        avg(regexp_matches(coalesce(tool_arguments, ''), 'https?://|www\.')::integer) as fetches,
        avg(regexp_matches(coalesce(resource_id, ''), '^https?://')::integer) as of_address,
        lower(regexp_replace(tool_name, '([a-z])([A-Z])', '\1 \2', 'g')) as name
    from events as e
    semi join traces as t on t.trace_id = e.trace_id
    where tool_name is not null and event_date between $history_start and $day + 1
    group by tool_name
),

learned as (
    select
        tool_name,
        coalesce(access, 'other') in ('read', 'list', 'other') as reads,
        coalesce(access, 'other') in ('read', 'list', 'other') and (
            fetches >= 0.5
            or of_address >= 0.5
            or regexp_matches(
                name,
                '(^|[^a-z])(web|webpage|url|page|site|browse|browser|fetch|crawl|mail|mails|email'
                || '|emails|inbox|message|messages|comment|comments|review|reviews|ticket|tickets'
                || '|internet|online|feed)([^a-z]|$)'
            )
        ) as untrusted,
        fetches >= 0.5 or of_address >= 0.5 as outside
    from used
)

select
    tool_name,
    untrusted or list_contains($untrusted_tools, tool_name) as untrusted,
    (reads and not outside) or list_contains($private_tools, tool_name) as private,
    case
        when list_contains($ways_out, tool_name) then true
        when list_contains($no_ways_out, tool_name) then false
    end as way_out
from learned
