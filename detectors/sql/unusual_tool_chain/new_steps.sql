-- grain: trace
-- reads: steps, known_tools, known_steps
-- why: tools that this agent never used, and tools that it never used after one another. For an
--      earlier run, the runs of its own prompt do not count.
with told as (
    select
        s.trace_id,
        s.call_no,
        s.tool_name,
        s.after_tool,
        coalesce(t.scopes, 0) <= (not s.judged)::integer as is_new_tool,
        s.after_tool <> s.tool_name
        and coalesce(k.scopes, 0) <= (not s.judged)::integer as is_new_step
    from steps as s
    left join known_tools as t
        on t.identity_id = s.identity_id and t.tool_name = s.tool_name
    left join known_steps as k
        on k.identity_id = s.identity_id and k.tool_name = s.tool_name
        and k.after_tool = s.after_tool
)

select
    trace_id,
    count(distinct tool_name) filter (where is_new_tool) as new_tools,
    list(distinct tool_name order by tool_name) filter (where is_new_tool) as new_tool_names,
    count(distinct (after_tool, tool_name)) filter (where is_new_step) as new_steps,
    list(call_no order by call_no) filter (where is_new_step) as new_step_calls
from told
group by trace_id
