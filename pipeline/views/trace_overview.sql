-- grain: trace
-- reads: events, scores, findings_current
-- why: the runs of agents, worst first, with the chain of tools in one line
create or replace view trace_overview as
with runs as (
    select
        trace_id,
        arg_min(identity_id, (event_time, event_id)) filter (where identity_kind = 'agent')
            as identity_id,
        arg_min(on_behalf_of, (event_time, event_id)) as on_behalf_of,
        min(event_time) as started_at,
        max(event_time) as ended_at,
        count(tool_name) as calls,
        string_agg(tool_name, ' → ' order by event_time, event_id) as chain,
        arg_min(prompt, (event_time, event_id)) as prompt,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        count(*) filter (where outcome in ('denied', 'failure')) as failed
    from events
    where trace_id is not null
    group by trace_id
),

judged as (
    select subject_id, max(score) as score
    from scores
    where subject_kind = 'trace'
    group by subject_id
),

found as (
    select
        subject,
        arg_max(finding_id, (score, finding_id)) as finding_id,
        arg_max(title, (score, finding_id)) as title
    from findings_current
    where starts_with(subject, 'trace:')
    group by subject
)

select
    r.trace_id::varchar as trace_id,  -- the run
    r.identity_id::varchar as identity_id,  -- the agent
    r.on_behalf_of::varchar as on_behalf_of,  -- for whom it ran
    r.started_at::timestamptz as started_at,  -- its first event
    r.ended_at::timestamptz as ended_at,  -- its last event
    r.calls::bigint as calls,  -- tool calls
    left(r.chain, 500)::varchar as chain,  -- the tools in order
    left(r.prompt, 500)::varchar as prompt,  -- what was asked
    r.input_tokens::bigint as input_tokens,  -- tokens its models read
    r.output_tokens::bigint as output_tokens,  -- tokens its models wrote
    r.failed::bigint as failed,  -- events denied or failed
    round(j.score, 3)::double as score,  -- 0..1, the worst a detector gave it; null if not judged
    f.finding_id::varchar as finding_id,  -- its worst finding
    f.title::varchar as finding  -- that finding's title
from runs as r
left join judged as j on j.subject_id = r.trace_id
left join found as f on f.subject = 'trace:' || r.trace_id
where r.identity_id is not null
