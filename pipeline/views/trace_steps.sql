-- grain: event of a trace
-- reads: events, findings_current
-- why: one run of an agent, step by step, with the steps that a finding points at
create or replace view trace_steps as
with pointed_at as (
    select distinct unnest(evidence) as event_id
    from findings_current
    where starts_with(subject, 'trace:')
)

select
    e.trace_id::varchar as trace_id,  -- the run
    row_number() over (
        partition by e.trace_id order by e.event_time, e.event_id
    )::bigint as step,  -- its place in the run, 1-based
    case
        when e.tool_name is not null then count(e.tool_name) over (
            partition by e.trace_id order by e.event_time, e.event_id
            rows between unbounded preceding and current row
        )
    end::bigint as call,  -- its place among the run's tool calls, 1-based, as findings name them
    e.event_id::varchar as event_id,  -- the event
    e.parent_id::varchar as parent_id,  -- the event that caused it
    e.event_time::timestamptz as event_time,  -- when
    e.identity_id::varchar as identity_id,  -- who acted
    e.action::varchar as action,  -- what was done
    e.tool_name::varchar as tool_name,  -- the tool called, if one was
    e.access::varchar as access,  -- what the action can do
    e.outcome::varchar as outcome,  -- how it ended
    e.prompt::varchar as prompt,  -- what was asked
    left(e.tool_arguments, 4000)::varchar as arguments,  -- the call's arguments, cut
    left(e.tool_result, 4000)::varchar as result,  -- what the tool returned, cut
    (p.event_id is not null)::boolean as evidence  -- whether a finding points at it
from events as e
left join pointed_at as p on p.event_id = e.event_id
where e.trace_id is not null
