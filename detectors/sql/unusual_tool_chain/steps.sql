-- grain: trace, tool call
-- reads: chains
-- why: the order of a run's tools: each call with the tool called before it (the first: '')
with called as (
    select
        trace_id,
        identity_id,
        scope,
        judged,
        unnest(tools) as tool_name,
        generate_subscripts(tools, 1) as call_no
    from chains
)

select
    trace_id,
    identity_id,
    scope,
    judged,
    call_no,
    tool_name,
    coalesce(
        lag(tool_name) over (partition by trace_id order by call_no), ''
    ) as after_tool
from called
