-- grain: trace
-- reads: arguments, chains, known_tools, known_origins
-- why: tools that this agent never used, and arguments of its tools from another origin than ever
--      (a recipient out of a result, where it always came from the prompt). For an earlier run,
--      the runs of its own prompt do not count.
with told as (
    select
        a.trace_id,
        a.call_no,
        a.tool_name,
        a.argument,
        a.origin,
        coalesce(t.scopes, 0) <= (not c.judged)::integer as new_tool,
        -- Nothing is odd about an origin until the argument was seen often enough.
        case
            when coalesce(o.scopes, 0) <= (not c.judged)::integer
                then coalesce(o.scopes_anywhere, 0) / (coalesce(o.scopes_anywhere, 0) + 10.0)
            else 0
        end as new_origin
    from arguments as a
    join chains as c on c.trace_id = a.trace_id
    left join known_tools as t
        on t.identity_id = c.identity_id and t.tool_name = a.tool_name
    left join known_origins as o
        on o.tool_name = a.tool_name and o.argument is not distinct from a.argument
        and o.origin = a.origin
)

select
    trace_id,
    count(distinct tool_name) filter (where new_tool) as new_tools,
    list(distinct tool_name) filter (where new_tool) as new_tool_names,
    max(new_origin) as new_origin,
    arg_max(call_no, new_origin) as origin_call,
    arg_max(argument, new_origin) as origin_argument,
    arg_max(origin, new_origin) as origin
from told
group by trace_id
