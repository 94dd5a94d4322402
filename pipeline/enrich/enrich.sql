-- grain: event
-- reads: parsed, networks, clients, access_levels
-- why: a source's rows, without those that are no event, with all columns of `events` in order
select
    p.event_id,
    p.event_time,
    p.event_time::date as event_date,
    $ingested_at::timestamptz as ingested_at,
    $source as source,
    p.source_file,
    p.record_index,
    p.identity_id,
    p.identity_name,
    p.identity_kind,
    p.on_behalf_of,
    p.session_id,
    p.trace_id,
    p.parent_id,
    p.credential_id,
    p.credential_kind,
    p.credential_issued_at,
    p.credential_expires_at,
    p.action,
    p.service,
    coalesce(p.access, a.access, 'other') as access,
    p.tool_name,
    p.resource_id,
    p.resource_kind,
    p.account_id,
    p.region,
    p.outcome,
    p.error_code,
    p.policy_engine,
    p.policy_decision,
    p.policy_id,
    p.source_ip,
    n.network,
    n.country,
    n.cloud,
    p.user_agent,
    c.client,
    p.model,
    p.input_tokens,
    p.output_tokens,
    p.prompt,
    p.tool_arguments,
    p.tool_result,
    p.raw
from parsed as p
left join networks as n on n.source_ip = p.source_ip
left join clients as c on c.user_agent = p.user_agent
left join access_levels as a
    on a.action is not distinct from p.action
    and a.service is not distinct from p.service
    and a.tool_name is not distinct from p.tool_name
    and a.read_only is not distinct from p.read_only
where p.problem is null
