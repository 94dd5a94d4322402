-- grain: trace
-- reads: flows, earlier_flows, earlier_runs
-- why: a flow to a new place, less what is usual: what the agent often does is no news
with usual as (
    select
        f.trace_id,
        count(e.trace_id) / (any_value(r.runs) + 5) as share
    from flows as f
    join earlier_runs as r on r.identity_id = f.identity_id
    left join earlier_flows as e
        on e.identity_id = f.identity_id and e.trace_id <> f.trace_id and e.weight >= f.weight
    group by f.trace_id
)

select
    f.trace_id,
    f.call_no,
    f.destination,
    f.carries,
    f.untrusted,
    f.private,
    f.weight * greatest(0, 1 - coalesce(u.share, 0) / $usual_flow_share) as weight
from flows as f
left join usual as u on u.trace_id = f.trace_id
