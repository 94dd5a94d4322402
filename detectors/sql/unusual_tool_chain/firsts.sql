-- grain: trace
-- reads: arguments, chains
-- why: tools that this agent never used, and arguments of its tools from another origin than ever
--      (a recipient out of a result, where it always came from the prompt). For an earlier run,
--      the runs of its own prompt do not count.
with used as (
    select distinct
        c.trace_id, c.identity_id, c.scope, c.judged, a.tool_name, a.argument, a.origin, a.call_no
    from arguments as a
    join chains as c on c.trace_id = a.trace_id
),

known_tools as (
    select identity_id, tool_name, count(distinct scope) as scopes
    from used
    where not judged
    group by identity_id, tool_name
),

known_origins as (
    select tool_name, argument, origin, count(distinct scope) as scopes
    from used
    where not judged
    group by tool_name, argument, origin
),

known_arguments as (
    select tool_name, argument, count(distinct scope) as scopes
    from used
    where not judged
    group by tool_name, argument
),

told as (
    select
        u.trace_id,
        u.call_no,
        u.tool_name,
        u.argument,
        u.origin,
        coalesce(t.scopes, 0) <= (not u.judged)::integer as new_tool,
        -- Nothing is odd about an origin until the argument was seen often enough.
        case
            when coalesce(o.scopes, 0) <= (not u.judged)::integer
                then coalesce(a.scopes, 0) / (coalesce(a.scopes, 0) + 10.0)
            else 0
        end as new_origin
    from used as u
    left join known_tools as t
        on t.identity_id = u.identity_id and t.tool_name = u.tool_name
    left join known_arguments as a
        on a.tool_name = u.tool_name and a.argument is not distinct from u.argument
    left join known_origins as o
        on o.tool_name = u.tool_name and o.argument is not distinct from u.argument
        and o.origin = u.origin
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
