-- grain: trace
-- reads: chains, known_tools
-- why: a run made of another agent's tools: the share of its tools that the best fitting other
--      agent uses, less the share that its own agent ever used
with used as (
    select distinct trace_id, identity_id, judged, unnest(tools) as tool_name
    from chains
),

own as (
    select
        u.trace_id,
        count(*) as tools,
        avg((coalesce(k.scopes, 0) > (not u.judged)::integer)::integer) as fit
    from used as u
    left join known_tools as k on k.identity_id = u.identity_id and k.tool_name = u.tool_name
    group by u.trace_id
),

others as (
    select u.trace_id, k.identity_id, count(*) as tools
    from used as u
    join known_tools as k on k.tool_name = u.tool_name and k.identity_id <> u.identity_id
    group by u.trace_id, k.identity_id
),

nearest as (
    select trace_id, max(tools) as tools, arg_max(identity_id, (tools, identity_id)) as identity_id
    from others
    group by trace_id
)

select
    o.trace_id,
    n.identity_id as other_agent,
    greatest(0, coalesce(n.tools, 0) / o.tools - o.fit) * (o.tools >= 2)::integer as drift
from own as o
left join nearest as n on n.trace_id = o.trace_id
