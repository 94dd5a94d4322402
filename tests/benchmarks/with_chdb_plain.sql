-- grain: one row an event
-- reads: file({logs:String})
-- why: what ClickHouse takes for what CloudTrail's own fields give at once; each record parsed
--      once, `raw` kept. Named as in `events`, but without its rules: who acted is another in one
--      row of eight, in which session in three of four, and on what in one of four.
with

files as (
    select
        _path as source_file,
        JSONExtractArrayRaw(json, 'Records') as records
    from file({logs:String}, 'JSONAsString')
),

records as (
    select
        source_file,
        place - 1 as record_index,
        raw
    from files
    array join
        records as raw,
        arrayEnumerate(records) as place
),

parsed as (
    select
        source_file,
        record_index,
        raw,
        JSONExtract(
            raw,
            'Tuple(
                eventID String, eventTime String, eventName String, eventSource String,
                awsRegion String, sourceIPAddress String, userAgent String, errorCode String,
                recipientAccountId String,
                resources Array(Tuple(ARN String, type String)),
                userIdentity Tuple(
                    type String, principalId String, arn String, accountId String,
                    accessKeyId String, userName String, invokedBy String,
                    sessionContext Tuple(
                        sessionIssuer Tuple(arn String, userName String),
                        attributes Tuple(creationDate String)
                    )
                ),
                requestParameters Tuple(
                    roleArn String, policyArn String, secretId String, functionName String,
                    instanceId String, bucketName String, modelId String
                ),
                responseElements Tuple(usage Tuple(inputTokens Int64, outputTokens Int64)),
                additionalEventData Tuple(inputTokens Int64, outputTokens Int64)
            )'
        ) as e,
        e.userIdentity as u,
        e.requestParameters as request
    from records
)

select
    e.eventID as event_id,
    parseDateTime64BestEffort(e.eventTime, 6, 'UTC') as event_time,
    toDate(event_time) as event_date,
    source_file,
    record_index,
    coalesce(
        nullif(u.sessionContext.sessionIssuer.arn, ''),
        nullif(u.arn, ''),
        nullif(u.invokedBy, ''),
        nullif(u.principalId, '')
    ) as identity_id,
    coalesce(nullif(u.sessionContext.sessionIssuer.userName, ''), nullif(u.userName, ''))
        as identity_name,
    multiIf(
        u.type = 'AWSService', 'cloud_service',
        u.type = 'Root', 'human',
        u.type = 'AssumedRole', 'workload',
        'service_account'
    ) as identity_kind,
    nullif(u.invokedBy, '') as on_behalf_of,
    if(position(u.arn, ':assumed-role/') > 0, u.arn, null) as session_id,
    nullif(u.accessKeyId, '') as credential_id,
    multiIf(
        u.accessKeyId = '', null,
        startsWith(u.accessKeyId, 'AKIA'), 'long_lived_key',
        'session_token'
    ) as credential_kind,
    parseDateTime64BestEffortOrNull(u.sessionContext.attributes.creationDate, 6, 'UTC')
        as credential_issued_at,
    concat(service, ':', e.eventName) as action,
    replaceOne(e.eventSource, '.amazonaws.com', '') as service,
    coalesce(
        nullif(e.resources[1].ARN, ''),
        nullif(request.roleArn, ''),
        nullif(request.policyArn, ''),
        nullif(request.secretId, ''),
        nullif(request.functionName, ''),
        nullif(request.instanceId, ''),
        nullif(request.bucketName, '')
    ) as resource_id,
    nullif(e.resources[1].type, '') as resource_kind,
    coalesce(nullif(e.recipientAccountId, ''), nullif(u.accountId, '')) as account_id,
    nullif(e.awsRegion, '') as region,
    multiIf(
        e.errorCode = '', 'success',
        match(e.errorCode, 'AccessDenied|Unauthorized'), 'denied',
        'failure'
    ) as outcome,
    nullif(e.errorCode, '') as error_code,
    nullif(e.sourceIPAddress, '') as source_ip,
    nullif(e.userAgent, '') as user_agent,
    nullif(request.modelId, '') as model,
    nullif(
        greatest(e.responseElements.usage.inputTokens, e.additionalEventData.inputTokens), 0
    ) as input_tokens,
    nullif(
        greatest(e.responseElements.usage.outputTokens, e.additionalEventData.outputTokens), 0
    ) as output_tokens,
    raw
from parsed
into outfile {out:String}
format Parquet
