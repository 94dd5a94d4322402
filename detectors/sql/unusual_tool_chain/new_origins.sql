-- grain: trace
-- reads: arguments, chains, known_origins
-- why: an argument from another origin than it ever had (a recipient out of a result, where it
--      always came from the prompt). For an earlier run, the runs of its own prompt do not count.
--      What the log does not have proves nothing: not of a run without its prompt, nor of a call
--      after a result that was not logged.
with told as (
    select
        a.trace_id,
        a.call_no,
        a.argument,
        a.origin,
        -- Nothing is odd about an origin until the argument was seen often enough.
        case
            when coalesce(o.scopes, 0) <= (not c.judged)::integer
                then coalesce(o.scopes_anywhere, 0) / (coalesce(o.scopes_anywhere, 0) + 10.0)
            else 0
        end as weight
    from arguments as a
    join chains as c on c.trace_id = a.trace_id
    left join known_origins as o
        on o.tool_name = a.tool_name and o.argument is not distinct from a.argument
        and o.origin = a.origin
    where c.prompted and not a.unread
)

select trace_id, call_no, argument, origin, weight
from told
where weight > 0
qualify row_number() over (partition by trace_id order by weight desc, call_no, argument) = 1
