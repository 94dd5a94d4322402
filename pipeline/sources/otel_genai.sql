-- grain: span; a record of which no span, or not all of it, can be read gives a row with a problem
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

typed_resources as (
    select
        record,
        resource.resource.attributes as resource_attributes,
        resource.scopeSpans as scopes,
        try(json_transform(resource_attributes, '[{"key": "VARCHAR", "value": {
            "stringValue": "VARCHAR", "intValue": "VARCHAR", "doubleValue": "VARCHAR",
            "boolValue": "VARCHAR", "kvlistValue": "VARCHAR", "arrayValue": "VARCHAR"
        }}]')) as attributes
    from resources
),

-- An attribute's value is {"stringValue": ...}, {"intValue": ...}, ...: the text of what is in it;
-- an empty text is no text. A name's place in the names is that of its value; of two with the same
-- name the first holds. No map: to make one of a span's thousands of attributes takes their square.
resource_lists as (
    select
        record,
        resource_attributes,
        scopes,
        list_transform(attributes, lambda a: a.key) as names,
        list_transform(attributes, lambda a: nullif(coalesce(
            a.value.stringValue,
            a.value.intValue,
            a.value.doubleValue,
            a.value.boolValue,
            a.value.kvlistValue,
            a.value.arrayValue
        ), '')) as own
    from typed_resources
),

-- What a resource tells, once for all of its spans.
services as (
    select
        record,
        scopes,
        {
            'attributes': resource_attributes,
            'name': own[list_position(names, 'service.name')],
            'sdk': own[list_position(names, 'telemetry.sdk.name')],
            'account': coalesce(
                own[list_position(names, 'cloud.account.id')],
                own[list_position(names, 'deployment.environment.name')],
                own[list_position(names, 'deployment.environment')]
            ),
            'region': own[list_position(names, 'cloud.region')]
        } as service
    from resource_lists
),

scopes as (
    select record, service, unnest(scopes) as scope
    from services
),

span_texts as (
    select
        record,
        service,
        unnest(try(json_transform(scope.spans, '["JSON"]'))) as span_text
    from scopes
),

typed as (
    select
        record,
        service,
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
            "events": [{"attributes": [{"key": "VARCHAR", "value": {"stringValue": "VARCHAR"}}]}],
            "status": {"code": "VARCHAR", "message": "VARCHAR"}
        }')) as span
    from span_texts
),

attributes as (
    select
        record,
        span_text,
        service,
        span,
        -- Hexadecimal in either case; all zeros, in base64 too, are none. Other texts as they are.
        case
            when not regexp_full_match(span.traceId, '0*|A+=+') then if(
                regexp_full_match(span.traceId, '[0-9A-Fa-f]{32}'),
                lower(span.traceId),
                span.traceId
            )
        end as trace,
        case
            when not regexp_full_match(span.spanId, '0*|A+=+') then if(
                regexp_full_match(span.spanId, '[0-9A-Fa-f]{16}'), lower(span.spanId), span.spanId
            )
        end as span_id,
        case
            when not regexp_full_match(span.parentSpanId, '0*|A+=+') then if(
                regexp_full_match(span.parentSpanId, '[0-9A-Fa-f]{16}'),
                lower(span.parentSpanId),
                span.parentSpanId
            )
        end as parent_span,
        list_transform(span.attributes, lambda a: a.key) as names,
        list_transform(span.attributes, lambda a: nullif(coalesce(
            a.value.stringValue,
            a.value.intValue,
            a.value.doubleValue,
            a.value.boolValue,
            a.value.kvlistValue,
            a.value.arrayValue
        ), '')) as own,
        -- What was asked and answered may be told in the span's events instead.
        flatten(list_transform(span.events, lambda e: e.attributes)) as told
    from typed
),

named as (
    select
        record,
        json_object('resource', service.attributes, 'span', span_text)::varchar as raw,
        trace,
        span_id,
        parent_span,
        nullif(span.name, '') as span_name,
        span.startTimeUnixNano as nanoseconds,
        span.status.code as status_code,
        span.status.message as status_message,
        own[list_position(names, 'gen_ai.operation.name')] as operation,
        own[list_position(names, 'mcp.method.name')] as mcp_method,
        coalesce(
            own[list_position(names, 'gen_ai.agent.id')],
            own[list_position(names, 'gen_ai.agent.name')]
        ) as agent_id,
        coalesce(
            own[list_position(names, 'gen_ai.agent.name')],
            own[list_position(names, 'gen_ai.agent.id')]
        ) as agent_name,
        service.name as service_name,
        coalesce(
            own[list_position(names, 'enduser.id')],
            own[list_position(names, 'user.id')],
            own[list_position(names, 'enduser.pseudo.id')]
        ) as user_id,
        own[list_position(names, 'gen_ai.conversation.id')] as conversation,
        coalesce(
            own[list_position(names, 'gen_ai.tool.name')],
            own[list_position(names, 'mcp.tool.name')],
            own[list_position(names, 'tool.name')]
        ) as tool,
        coalesce(
            own[list_position(names, 'gen_ai.tool.call.arguments')],
            own[list_position(names, 'gen_ai.tool.arguments')]
        ) as arguments,
        coalesce(
            own[list_position(names, 'gen_ai.tool.call.result')],
            own[list_position(names, 'gen_ai.tool.result')]
        ) as result,
        coalesce(
            own[list_position(names, 'gen_ai.input.messages')],
            own[list_position(names, 'gen_ai.prompt')],
            list_filter(told, lambda a: a.key = 'gen_ai.input.messages')[1].value.stringValue,
            list_filter(told, lambda a: a.key = 'gen_ai.prompt')[1].value.stringValue
        ) as messages,
        coalesce(
            own[list_position(names, 'gen_ai.response.model')],
            own[list_position(names, 'gen_ai.request.model')]
        ) as model,
        coalesce(
            own[list_position(names, 'gen_ai.usage.input_tokens')],
            own[list_position(names, 'gen_ai.usage.prompt_tokens')]
        ) as input_tokens,
        coalesce(
            own[list_position(names, 'gen_ai.usage.output_tokens')],
            own[list_position(names, 'gen_ai.usage.completion_tokens')]
        ) as output_tokens,
        coalesce(
            own[list_position(names, 'gen_ai.provider.name')],
            own[list_position(names, 'gen_ai.system')]
        ) as provider,
        coalesce(
            own[list_position(names, 'mcp.server.name')],
            own[list_position(names, 'server.address')]
        ) as server,
        coalesce(
            own[list_position(names, 'gen_ai.data_source.id')],
            own[list_position(names, 'mcp.resource.uri')]
        ) as resource,
        coalesce(
            own[list_position(names, 'http.route')],
            own[list_position(names, 'url.template')]
        ) as route,
        own[list_position(names, 'error.type')] as error_type,
        own[list_position(names, 'client.address')] as client_address,
        coalesce(
            own[list_position(names, 'user_agent.original')],
            own[list_position(names, 'http.user_agent')],
            service.sdk
        ) as user_agent,
        service.account as account,
        service.region as region
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
        coalesce(
            case when is_tool then tool end, operation, mcp_method, route, span_name, 'unknown'
        ) as action,
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
    select
        r.record,
        r.raw,
        'expected an OTLP trace request with resourceSpans, scopeSpans and spans, got none'
            as problem
    from records as r
    anti join final as f on f.record = r.record
),

-- What is no list gives no span, and the spans beside it are no sign that it was there.
misplaced as (
    select
        r.record,
        r.raw,
        'expected lists of scopeSpans and of spans, got one of another type' as problem
    from records as r
    semi join final as f on f.record = r.record
    where len(list_filter(
        list_concat(
            json_type(r.raw, '$.resourceSpans[*].scopeSpans'),
            json_type(r.raw, '$.resourceSpans[*].scopeSpans[*].spans')
        ),
        lambda t: t not in ('ARRAY', 'NULL')
    )) > 0
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
select record, raw, problem from spanless
union all by name
select record, raw, problem from misplaced
