-- grain: trace
-- reads: sent, chains, known_destinations, known_tools
-- why: the worst call that sends data to a place that neither the user nor the agent's earlier runs
--      named. Each of what makes a leak counts, in words nobody used before: the new place 0.4;
--      private data read before or data of an earlier result in the call 0.5; untrusted content
--      read before 0.5. Where the log does not have the place, only a tool that the agent never used
--      before tells anything, and only if all three come together.
select
    s.trace_id,
    c.identity_id,
    s.call_no,
    s.destination,
    s.carries,
    s.untrusted,
    s.private,
    0.4 + 0.5 * (s.carries or s.private)::integer + 0.5 * s.untrusted::integer as weight
from sent as s
join chains as c on c.trace_id = s.trace_id
left join known_destinations as k
    on k.identity_id = c.identity_id and k.destination = s.destination
left join known_tools as t
    on t.identity_id = c.identity_id and t.tool_name = c.tools[s.call_no]
where not s.asked
    and case
        when s.destination is null
            then s.untrusted and s.private and coalesce(t.scopes, 0) <= (not c.judged)::integer
        else coalesce(k.scopes, 0) <= (not c.judged)::integer
    end
qualify row_number() over (
    partition by s.trace_id order by weight desc, s.call_no, s.destination
) = 1
