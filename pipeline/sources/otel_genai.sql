-- grain: span; a record without spans gives one row with a problem
-- reads: records
-- why: an agent's run as events. Identity is the span's own agent if it names one, else the
--      service; ingest then finds the agent of the other spans through their parents.
--
-- action   the tool's name for a tool call; else the GenAI operation, the MCP method, the HTTP
--          route, or the span's name
-- access   `delegate` where an agent is invoked, `execute` where a model is asked; tools are left
--          to enrichment, by the verbs of their names
-- session  the conversation, else the trace
with requests as (
    select
        record,
        raw,
        try(json_transform(raw, '{
            "resourceSpans": [{
                "resource": {"attributes": "JSON"},
                "scopeSpans": [{"spans": "JSON"}]
            }]
        }')) as request
    from records
),

resources as (
    select record, unnest(request.resourceSpans) as resource
    from requests
),

scopes as (
    select
        record,
        resource.resource.attributes as resource_attributes,
        unnest(resource.scopeSpans) as scope
    from resources
),

span_texts as (
    select
        record,
        resource_attributes,
        unnest(try(json_transform(scope.spans, '["JSON"]'))) as span_text
    from scopes
),

typed as (
    select
        record,
        resource_attributes,
        span_text,
        try(json_transform(span_text, '{
            "traceId": "VARCHAR",
            "spanId": "VARCHAR",
            "parentSpanId": "VARCHAR",
            "name": "VARCHAR",
            "startTimeUnixNano": "VARCHAR",
            "attributes": [{"key": "VARCHAR", "value": {
                "stringValue": "VARCHAR", "intValue": "VARCHAR", "doubleValue": "VARCHAR",
                "boolValue": "VARCHAR", "kvlistValue": "VARCHAR", "arrayValue": "VARCHAR"
            }}],
            "status": {"code": "VARCHAR", "message": "VARCHAR"}
        }')) as span,
        try(json_transform(
            resource_attributes, '[{"key": "VARCHAR", "value": {"stringValue": "VARCHAR"}}]'
        )) as resource_list
    from span_texts
),

-- An attribute's value is {"stringValue": ...}, {"intValue": ...}, ...: the text of what is in it.
-- The first of two with the same key holds, because a map has a key once.
listed as (
    select
        record,
        resource_attributes,
        span_text,
        span,
        list_transform(
            list_filter(coalesce(span.attributes, []), lambda a: a.key is not null),
            lambda a: {'k': a.key, 'v': coalesce(
                a.value.stringValue,
                a.value.intValue,
                a.value.doubleValue,
                a.value.boolValue,
                a.value.kvlistValue,
                a.value.arrayValue
            )}
        ) as own,
        list_transform(
            list_filter(coalesce(resource_list, []), lambda a: a.key is not null),
            lambda a: {'k': a.key, 'v': a.value.stringValue}
        ) as whole
    from typed
),

attributes as (
    select
        record,
        span_text,
        resource_attributes,
        span,
        map_from_entries(list_filter(
            own,
            lambda a, i: list_position(list_transform(own, lambda b: b.k), a.k) = i
        )) as own,
        map_from_entries(list_filter(
            whole,
            lambda a, i: list_position(list_transform(whole, lambda b: b.k), a.k) = i
        )) as whole
    from listed
),

named as (
    select
        record,
        json_object('resource', resource_attributes, 'span', span_text)::varchar as raw,
        nullif(span.traceId, '') as trace,
        nullif(span.spanId, '') as span_id,
        nullif(nullif(span.parentSpanId, ''), '0000000000000000') as parent_span,
        span.name as span_name,
        span.startTimeUnixNano as nanoseconds,
        span.status.code as status_code,
        span.status.message as status_message,
        own['gen_ai.operation.name'] as operation,
        own['mcp.method.name'] as mcp_method,
        coalesce(own['gen_ai.agent.id'], own['gen_ai.agent.name']) as agent_id,
        coalesce(own['gen_ai.agent.name'], own['gen_ai.agent.id']) as agent_name,
        whole['service.name'] as service_name,
        coalesce(own['enduser.id'], own['user.id'], own['enduser.pseudo.id']) as user_id,
        own['gen_ai.conversation.id'] as conversation,
        coalesce(own['gen_ai.tool.name'], own['mcp.tool.name'], own['tool.name']) as tool,
        coalesce(own['gen_ai.tool.call.arguments'], own['gen_ai.tool.arguments']) as arguments,
        coalesce(own['gen_ai.tool.call.result'], own['gen_ai.tool.result']) as result,
        coalesce(own['gen_ai.input.messages'], own['gen_ai.prompt']) as messages,
        coalesce(own['gen_ai.response.model'], own['gen_ai.request.model']) as model,
        own['gen_ai.usage.input_tokens'] as input_tokens,
        own['gen_ai.usage.output_tokens'] as output_tokens,
        own['gen_ai.provider.name'] as provider,
        coalesce(own['mcp.server.name'], own['server.address']) as server,
        coalesce(own['gen_ai.data_source.id'], own['mcp.resource.uri']) as resource,
        coalesce(own['http.route'], own['url.template']) as route,
        own['error.type'] as error_type,
        own['client.address'] as client_address,
        coalesce(own['user_agent.original'], whole['telemetry.sdk.name']) as user_agent,
        coalesce(whole['cloud.account.id'], whole['deployment.environment.name']) as account,
        whole['cloud.region'] as region
    from attributes
),

timed as (
    select
        *,
        try(make_timestamp(try_cast(nanoseconds as bigint) // 1000)::timestamptz) as started,
        try(list_transform(
            list_filter(
                json_transform(
                    messages,
                    '[{"role": "VARCHAR", "content": "VARCHAR", "parts": [{"content": "VARCHAR"}]}]'
                ),
                lambda m: m.role = 'user'
            ),
            lambda m: coalesce(
                array_to_string(list_transform(m.parts, lambda p: p.content), chr(10)), m.content
            )
        )) as asked
    from named
),

spans as (
    select
        *,
        coalesce(operation, '') = 'execute_tool' or coalesce(mcp_method, '') = 'tools/call'
            as is_tool,
        case when trace is not null and span_id is not null then trace || '-' || span_id end as id
    from timed
),

final as (
    select
        id as event_id,
        started as event_time,
        record,
        coalesce(agent_id, service_name, 'unknown') as identity_id,
        coalesce(agent_name, service_name, 'unknown') as identity_name,
        case
            when agent_id is not null then 'agent'
            when service_name is not null then 'workload'
            else 'unknown'
        end as identity_kind,
        user_id as on_behalf_of,
        coalesce(conversation, trace) as session_id,
        trace as trace_id,
        case when parent_span is not null then trace || '-' || parent_span end as parent_id,
        null as credential_id,
        'none' as credential_kind,
        null::timestamptz as credential_issued_at,
        null::timestamptz as credential_expires_at,
        coalesce(case when is_tool then tool end, operation, mcp_method, route, span_name)
            as action,
        coalesce(case when is_tool then server end, provider, server, service_name) as service,
        case
            when operation in ('invoke_agent', 'create_agent', 'invoke_workflow') then 'delegate'
            when operation in ('chat', 'text_completion', 'generate_content') then 'execute'
            when operation in ('embeddings', 'retrieval') then 'read'
            when operation is null and mcp_method is null then 'other'
        end as access,
        case when is_tool then tool end as tool_name,
        coalesce(resource, case when operation = 'invoke_agent' then agent_id end) as resource_id,
        case
            when resource is not null then 'data_source'
            when operation = 'invoke_agent' then 'agent'
        end as resource_kind,
        account as account_id,
        region,
        case
            when regexp_matches(
                concat_ws(' ', error_type, status_message),
                '(?i)denied|forbidden|unauthori[sz]ed|permission|\b40[13]\b'
            ) and (error_type is not null or status_code in ('2', 'STATUS_CODE_ERROR'))
                then 'denied'
            when error_type is not null or status_code in ('2', 'STATUS_CODE_ERROR') then 'failure'
            else 'success'
        end as outcome,
        error_type as error_code,
        null as policy_engine,
        null as policy_decision,
        null as policy_id,
        client_address as source_ip,
        user_agent,
        model,
        try_cast(input_tokens as bigint) as input_tokens,
        try_cast(output_tokens as bigint) as output_tokens,
        case
            when asked is not null then nullif(array_to_string(asked, chr(10)), '')
            when not is_tool then messages
        end as prompt,
        arguments as tool_arguments,
        result as tool_result,
        raw,
        null::boolean as read_only,
        case
            when trace is null then 'expected a traceId, got none'
            when span_id is null then 'expected a spanId, got none'
            when started is null then
                'expected startTimeUnixNano in nanoseconds, got '
                || coalesce(left(nanoseconds, 40), 'none')
            when started < timestamptz '1990-01-01' or started >= timestamptz '2101-01-01' then
                'expected a startTimeUnixNano between 1990 and 2100, got ' || left(nanoseconds, 40)
        end as problem
    from spans
),

spanless as (
    select r.record, r.raw
    from records as r
    anti join final as f on f.record = r.record
)

select
    event_id, event_time, record, identity_id, identity_name, identity_kind,
    on_behalf_of, session_id, trace_id, parent_id, credential_id, credential_kind,
    credential_issued_at, credential_expires_at, action, service, access, tool_name, resource_id,
    resource_kind, account_id, region, outcome, error_code, policy_engine, policy_decision,
    policy_id, source_ip, user_agent, model, input_tokens, output_tokens, prompt, tool_arguments,
    tool_result, raw, read_only, problem
from final
union all by name
select
    record,
    raw,
    'expected an OTLP trace request with resourceSpans, scopeSpans and spans, got none' as problem
from spanless
