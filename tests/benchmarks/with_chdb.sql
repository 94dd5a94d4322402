-- grain: one row an event
-- reads: file({logs:String}), file({actions:String}), file({addresses:String}),
--        file({agents:String})
-- why: what ClickHouse takes for the columns of `events`, by the rules of
--      pipeline/sources/aws_cloudtrail.sql; each record parsed once, `raw` kept. Row by row they
--      are nhiwatch's (same_columns.py). What lookups add was looked up before and is only joined.
--      Not here, but in nhiwatch: what no row of these logs needs, as LookupEvents and Insights;
--      rejects; each event once; commits.
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
                eventType String, awsRegion String, sourceIPAddress String, userAgent String,
                errorCode String, errorMessage String, recipientAccountId String,
                sessionCredentialFromConsole String,
                resources Array(Tuple(ARN String, ARNPrefix String, type String)),
                userIdentity Tuple(
                    type String, principalId String, arn String, accountId String,
                    accessKeyId String, userName String, invokedBy String,
                    identityProvider String, credentialId String,
                    onBehalfOf Tuple(userId String, identityStoreArn String),
                    inScopeOf Tuple(issuerType String, credentialsIssuedTo String),
                    sessionContext Tuple(
                        sessionIssuer Tuple(
                            arn String, accountId String, principalId String, userName String
                        ),
                        webIdFederationData Tuple(federatedProvider String),
                        attributes Tuple(creationDate String, mfaAuthenticated String),
                        sourceIdentity String, ec2RoleDelivery String
                    )
                ),
                requestParameters Tuple(
                    bucketName String, key String, roleArn String, roleName String,
                    userName String, groupName String, policyArn String, secretId String,
                    keyId String, functionName String, instanceId String,
                    instancesSet Tuple(
                        items Array(Tuple(instanceId String, imageId String))
                    ),
                    tableName String, trailName String, snapshotId String, imageId String,
                    volumeId String, groupId String, modelId String, model String
                ),
                responseElements Tuple(
                    ConsoleLogin String, CheckMfa String, SwitchRole String,
                    accessKey Tuple(userName String),
                    usage Tuple(inputTokens Int64, outputTokens Int64)
                ),
                additionalEventData Tuple(
                    callWithBearerToken String, inputTokens Int64, outputTokens Int64,
                    inputTokenCount Int64, outputTokenCount Int64
                )
            )'
        ) as e,
        e.userIdentity as u,
        u.sessionContext as session,
        e.requestParameters as request
    from records
),

-- What was done.
acts as (
    select
        *,
        lower(e.eventSource) as event_source,
        replaceRegexpOne(
            event_source, '\\.(amazonaws\\.com(\\.cn)?|aws\\.amazon\\.com|api\\.aws)$', ''
        ) as service,
        if(
            position(e.eventName, '20') > 0 or position(e.eventName, '19') > 0,
            replaceRegexpOne(
                e.eventName, '_?(19|20)[0-9]{2}_?[0-9]{2}_?[0-9]{2}(v[0-9]+)?$', ''
            ),
            e.eventName
        ) as operation,
        transform(
            service,
            [
                'monitoring', 'email', 'tagging', 'streams.dynamodb', 'edgelambda',
                'cloudcontrolapi', 'models.lex', 'runtime.lex', 'models-v2-lex', 'runtime-v2-lex',
                'entitlement.marketplace', 'metering-marketplace', 'agreement-marketplace',
                'data.iot', 'iotdata'
            ],
            [
                'cloudwatch', 'ses', 'tag', 'dynamodb', 'lambda', 'cloudformation', 'lex', 'lex',
                'lex', 'lex', 'aws-marketplace', 'aws-marketplace', 'aws-marketplace', 'iot', 'iot'
            ],
            service
        ) as prefix,
        multiIf(
            startsWith(e.awsRegion, 'cn-'), 'aws-cn',
            startsWith(e.awsRegion, 'us-gov-'), 'aws-us-gov',
            'aws'
        ) as partition_name,
        coalesce(nullIf(e.recipientAccountId, ''), nullIf(u.accountId, '')) as account_id,
        coalesce(nullIf(e.resources[1].ARN, ''), nullIf(e.resources[1].ARNPrefix, ''))
            as logged_resource,
        coalesce(nullIf(request.userName, ''), nullIf(e.responseElements.accessKey.userName, ''))
            as iam_user,
        multiIf(
            startsWith(service, 's3') and request.bucketName <> '', 'bucketName',
            logged_resource is not null, 'resources',
            request.roleArn <> '', 'roleArn',
            service = 'iam' and iam_user is not null, 'userName',
            service = 'iam' and request.roleName <> '', 'roleName',
            service = 'iam' and request.groupName <> '', 'groupName',
            request.policyArn <> '', 'policyArn',
            request.secretId <> '', 'secretId',
            request.functionName <> '', 'functionName',
            request.modelId <> '', 'modelId',
            request.instanceId <> '', 'instanceId',
            request.instancesSet.items[1].instanceId <> '', 'instancesSet.instanceId',
            request.instancesSet.items[1].imageId <> '', 'instancesSet.imageId',
            request.snapshotId <> '', 'snapshotId',
            request.imageId <> '', 'imageId',
            request.volumeId <> '', 'volumeId',
            service = 'ec2' and request.groupId <> '', 'groupId',
            request.tableName <> '', 'tableName',
            request.trailName <> '', 'trailName',
            request.keyId <> '', 'keyId',
            service = 'iam' and match(
                operation,
                'AccessKey|^GetUser$|^ChangePassword$|MFADevice|SSHPublicKey'
                || '|SigningCertificate|ServiceSpecificCredential'
            ), 'caller',
            ''
        ) as named_by,
        arrayFirst(
            entry -> match(entry.1, '(Name|Id|Arn|ARN|Identifier|Url)$|^(name|arn|target|path)$')
                and not match(
                    entry.1,
                    '^(roleSession|(clientR|r)equest|attribute|external|version|region)[A-Z]'
                )
                and entry.2 <> ''
                and not match(entry.2, '^[\\[{]'),
            JSONExtractKeysAndValues(
                if(named_by in ('', 'caller'), raw, '{}'), 'requestParameters', 'String'
            )
        ) as guess
    from parsed
),

-- Who did it.
named as (
    select
        *,
        event_source = 'signin.amazonaws.com'
        or e.eventType in ('AwsConsoleSignIn', 'AwsConsoleAction') as is_signin,
        coalesce(nullIf(trimBoth(e.sourceIPAddress), ''), nullIf(u.invokedBy, '')) as source_ip,
        coalesce(
            nullIf(u.accountId, ''),
            nullIf(substringIndex(substringIndex(u.arn, ':', 5), ':', -1), ''),
            nullIf(e.recipientAccountId, '')
        ) as own_account,
        multiIf(
            upper(own_account) in ('ANONYMOUS_PRINCIPAL', 'ANONYMOUS')
            or u.principalId = 'ANONYMOUS_PRINCIPAL' or u.type = 'AnonymousPrincipal', 'Anonymous',
            u.type in (
                'AssumedRole', 'IAMUser', 'AWSService', 'Root', 'AWSAccount', 'FederatedUser',
                'WebIdentityUser', 'SAMLUser', 'IdentityCenterUser', 'Directory'
            ), u.type,
            position(u.arn, ':assumed-role/') > 0 or position(u.arn, ':role/') > 0, 'AssumedRole',
            position(u.arn, ':federated-user/') > 0, 'FederatedUser',
            position(u.arn, ':user/') > 0, 'IAMUser',
            endsWith(u.arn, ':root'), 'Root',
            u.onBehalfOf.userId <> '', 'IdentityCenterUser',
            u.invokedBy <> '' or endsWith(source_ip, '.amazonaws.com')
            or e.eventType = 'AwsServiceEvent', 'AWSService',
            'Unknown'
        ) as type,
        if(
            type in ('AssumedRole', 'AWSAccount'),
            coalesce(
                nullIf(
                    if(
                        position(u.principalId, ':') > 0,
                        substring(u.principalId, position(u.principalId, ':') + 1),
                        ''
                    ),
                    ''
                ),
                nullIf(extract(u.arn, ':assumed-role/[^/]+/(.+)$'), '')
            ),
            null
        ) as session_name,
        if(
            type = 'AssumedRole',
            coalesce(
                nullIf(
                    if(
                        position(session.sessionIssuer.arn, ':role/') > 0,
                        substringIndex(session.sessionIssuer.arn, '/', -1),
                        ''
                    ),
                    ''
                ),
                nullIf(extract(u.arn, ':assumed-role/([^/]+)'), ''),
                nullIf(
                    if(position(u.arn, ':role/') > 0, substringIndex(u.arn, '/', -1), ''), ''
                ),
                nullIf(session.sessionIssuer.userName, '')
            ),
            null
        ) as role_name,
        coalesce(
            nullIf(
                substringIndex(substringIndex(session.sessionIssuer.arn, ':', 5), ':', -1), ''
            ),
            nullIf(session.sessionIssuer.accountId, ''),
            own_account
        ) as role_account
    from acts
),

judged as (
    select
        *,
        multiIf(
            position(session.sessionIssuer.arn, ':role/') > 0,
            toNullable(session.sessionIssuer.arn),
            position(u.arn, ':role/') > 0, toNullable(u.arn),
            concat('arn:', partition_name, ':iam::', role_account, ':role/', role_name)
        ) as role_arn,
        coalesce(
            startsWith(role_name, 'AWSReservedSSO_'), false
        ) or position(
            session.sessionIssuer.arn, ':role/aws-reserved/sso.amazonaws.com/'
        ) > 0 as is_center_role,
        position(session.sessionIssuer.arn, ':role/aws-service-role/') > 0
        or position(u.arn, ':role/aws-service-role/') > 0
        or coalesce(startsWith(role_name, 'AWSServiceRoleFor'), false) as is_service_linked,
        startsWith(u.inScopeOf.issuerType, 'AWS::Bedrock')
        or coalesce(startsWith(session_name, 'BedrockAgent'), false)
        or coalesce(startsWith(role_name, 'AmazonBedrockExecutionRoleForAgents'), false)
        or coalesce(startsWith(role_name, 'AmazonBedrockAgentCore'), false) as is_agent,
        u.inScopeOf.issuerType <> '' or u.inScopeOf.credentialsIssuedTo <> ''
        or session.ec2RoleDelivery <> ''
        or coalesce(
            match(session_name, '^(i-[0-9a-f]{8}([0-9a-f]{9})?|[0-9a-f]{32}|eks-.+)$'), false
        )
        or position(session.webIdFederationData.federatedProvider, 'oidc.eks.') > 0
        or position(u.identityProvider, 'oidc.eks.') > 0
        or startsWith(u.userName, 'system:serviceaccount:') as is_compute,
        coalesce(session_name, nullIf(u.userName, '')) as user_or_session,
        coalesce(match(user_or_session, '^[^@\\s:/]+@[^@\\s:/]+\\.[A-Za-z]{2,}$'), false)
        and not coalesce(endsWith(user_or_session, '.gserviceaccount.com'), false) as is_email,
        coalesce(
            match(session_name, '[0-9]{6}|[0-9a-f]{8}-[0-9a-f]{4}|^[0-9a-f]{16}'), true
        ) as is_random_name,
        session.attributes.mfaAuthenticated = 'true' as has_mfa,
        is_signin
        or e.sessionCredentialFromConsole = 'true'
        or u.invokedBy = 'signin.amazonaws.com'
        or (
            type = 'IAMUser'
            and not startsWith(u.accessKeyId, 'AKIA')
            and (
                match(e.userAgent, '^(console|signin)\\.([a-z0-9.-]+\\.)?amazonaws\\.com')
                or position(e.userAgent, 'S3Console') > 0
            )
        ) as is_console,
        replaceRegexpOne(u.userName, ':(ref|ref_type|pull_request|run_phase)(:.*)?$', '')
            as web_subject,
        replaceRegexpOne(u.identityProvider, '^arn:.*:oidc-provider/', '') as web_issuer,
        not is_service_linked and not is_agent and not is_compute
        and role_name is not null
        and session_name is not null
        and (is_center_role or is_email or (has_mfa and not is_random_name)) as is_person_session,
        coalesce(
            nullIf(if(u.invokedBy <> 'AWS Internal', u.invokedBy, ''), ''),
            if(endsWith(source_ip, '.amazonaws.com'), source_ip, null),
            nullIf(event_source, ''),
            nullIf(u.invokedBy, '')
        ) as service_principal
    from named
),

identified as (
    select
        *,
        coalesce(
            multiIf(
                type = 'AssumedRole', coalesce(
                    if(
                        is_person_session,
                        concat(
                            'arn:', partition_name, ':sts::', role_account, ':assumed-role/',
                            role_name, '/', session_name
                        ),
                        null
                    ),
                    role_arn,
                    concat(role_account, ':', substringIndex(u.principalId, ':', 1))
                ),
                type = 'IAMUser', coalesce(
                    nullIf(u.arn, ''),
                    concat('arn:', partition_name, ':iam::', own_account, ':user/', u.userName)
                ),
                type = 'AWSService', service_principal,
                type = 'Root', coalesce(
                    concat(
                        'arn:', partition_name, ':iam::', coalesce(own_account, account_id), ':root'
                    ),
                    nullIf(u.arn, '')
                ),
                type = 'FederatedUser', nullIf(u.arn, ''),
                type = 'WebIdentityUser', concat(nullIf(web_issuer, ''), '/', web_subject),
                type = 'SAMLUser', coalesce(nullIf(u.principalId, ''), nullIf(u.userName, '')),
                type = 'IdentityCenterUser', coalesce(
                    concat(nullIf(u.onBehalfOf.identityStoreArn, ''), '/', u.onBehalfOf.userId),
                    nullIf(u.onBehalfOf.userId, '')
                ),
                type = 'Anonymous', toNullable('anonymous'),
                type = 'AWSAccount', coalesce(
                    concat(own_account, ':', substringIndex(nullIf(u.principalId, ''), ':', 1)),
                    own_account
                ),
                concat(own_account, ':', nullIf(u.principalId, ''))
            ),
            nullIf(u.arn, ''),
            nullIf(u.principalId, ''),
            nullIf(u.userName, ''),
            'unknown'
        ) as identity_id,
        coalesce(
            multiIf(
                type = 'AssumedRole', if(is_person_session, session_name, role_name),
                type in ('IAMUser', 'FederatedUser'),
                coalesce(nullIf(u.userName, ''), nullIf(substringIndex(u.arn, '/', -1), '')),
                type = 'AWSService', replaceRegexpOne(service_principal, '\\.amazonaws\\.com$', ''),
                type = 'Root', toNullable('root'),
                type = 'WebIdentityUser', nullIf(web_subject, ''),
                type = 'Anonymous', toNullable('anonymous'),
                coalesce(nullIf(u.userName, ''), nullIf(u.onBehalfOf.userId, ''))
            ),
            nullIf(substringIndex(u.principalId, ':', 1), ''),
            'unknown'
        ) as identity_name,
        multiIf(
            type = 'AssumedRole', multiIf(
                is_service_linked, 'cloud_service',
                is_center_role, 'human',
                is_agent, 'agent',
                is_compute, 'workload',
                is_email or is_console or has_mfa, 'human',
                position(session.sessionIssuer.arn, ':role/service-role/') > 0
                or position(e.userAgent, 'exec-env/') > 0, 'workload',
                'service_account'
            ),
            type = 'IAMUser', multiIf(
                startsWith(u.userName, 'BedrockAPIKey-'), 'service_account',
                is_email or is_console or has_mfa, 'human',
                'service_account'
            ),
            type = 'FederatedUser',
            if(is_email or is_console or has_mfa, 'human', 'service_account'),
            type = 'WebIdentityUser', multiIf(
                is_compute, 'workload',
                web_issuer in (
                    'accounts.google.com', 'graph.facebook.com', 'www.amazon.com',
                    'appleid.apple.com', 'cognito-identity.amazonaws.com'
                ), 'human',
                'service_account'
            ),
            type = 'AWSAccount',
            if(match(u.principalId, '^A[RI][OD]A'), 'service_account', 'unknown'),
            type = 'AWSService', 'cloud_service',
            type in ('Root', 'SAMLUser', 'IdentityCenterUser', 'Directory'), 'human',
            type = 'Anonymous', 'anonymous',
            is_signin or event_source = 'sso.amazonaws.com', 'human',
            'unknown'
        ) as identity_kind,
        concat(prefix, ':', operation) as action,
        nullIf(e.userAgent, '') as user_agent,
        nullIf(session.attributes.creationDate, '') as created,
        multiIf(
            match(
                e.errorCode,
                '(?i)access_?denied|not_?authorized|unauthori[sz]ed|forbidden'
                || '|authorization_?(error|failure)|^40[13]$'
            ), 'denied',
            e.errorCode <> '' or e.errorMessage <> '', 'failure',
            'Failure' in (
                e.responseElements.ConsoleLogin,
                e.responseElements.CheckMfa,
                e.responseElements.SwitchRole
            ), 'failure',
            'success'
        ) as outcome,
        multiIf(
            service = 'sts' and startsWith(operation, 'AssumeR'), 'delegate',
            service = 'sts' and operation in ('GetSessionToken', 'GetFederationToken'), 'auth',
            is_signin, 'auth',
            null
        ) as told_access,
        multiIf(
            named_by = 'bucketName', concat(
                'arn:', partition_name, ':s3:::', request.bucketName,
                if(request.key <> '', concat('/', request.key), '')
            ),
            named_by = 'resources', logged_resource,
            named_by = 'roleArn', request.roleArn,
            named_by = 'userName',
            concat('arn:', partition_name, ':iam::', account_id, ':user/', iam_user),
            named_by = 'roleName',
            concat('arn:', partition_name, ':iam::', account_id, ':role/', request.roleName),
            named_by = 'groupName',
            concat('arn:', partition_name, ':iam::', account_id, ':group/', request.groupName),
            named_by = 'policyArn', request.policyArn,
            named_by = 'secretId', request.secretId,
            named_by = 'functionName', request.functionName,
            named_by = 'modelId', request.modelId,
            named_by = 'instanceId', request.instanceId,
            named_by = 'instancesSet.instanceId', request.instancesSet.items[1].instanceId,
            named_by = 'instancesSet.imageId', request.instancesSet.items[1].imageId,
            named_by = 'snapshotId', request.snapshotId,
            named_by = 'imageId', request.imageId,
            named_by = 'volumeId', request.volumeId,
            named_by = 'groupId', request.groupId,
            named_by = 'tableName', request.tableName,
            named_by = 'trailName', request.trailName,
            named_by = 'keyId', request.keyId,
            named_by = 'caller' and type = 'IAMUser', identity_id,
            null
        ) as told_id
    from judged
)

select
    e.eventID as event_id,
    parseDateTime64BestEffort(e.eventTime, 6, 'UTC') as event_time,
    toDate(event_time) as event_date,
    source_file,
    record_index,
    identity_id,
    identity_name,
    identity_kind,
    coalesce(
        nullIf(session.sourceIdentity, ''),
        if(type <> 'IdentityCenterUser', nullIf(u.onBehalfOf.userId, ''), null),
        if(type = 'FederatedUser', nullIf(session.sessionIssuer.arn, ''), null),
        if(
            type = 'AssumedRole' and identity_kind = 'human'
            and not is_person_session and not is_random_name,
            session_name,
            null
        ),
        if(
            type <> 'AWSService' and u.invokedBy <> 'signin.amazonaws.com',
            nullIf(u.invokedBy, ''),
            null
        )
    ) as on_behalf_of,
    multiIf(
        type = 'AssumedRole', coalesce(
            if(position(u.principalId, ':') > 0, u.principalId, null),
            concat(nullIf(session.sessionIssuer.principalId, ''), ':', session_name),
            concat(role_arn, '/', session_name),
            nullIf(u.arn, '')
        ),
        type = 'AWSAccount' and position(u.principalId, ':') > 0, u.principalId,
        type in ('IAMUser', 'FederatedUser', 'Root') and created is not null
        and not startsWith(u.accessKeyId, 'AKIA'), concat(identity_id, '@', created),
        null
    ) as session_id,
    coalesce(nullIf(u.accessKeyId, ''), nullIf(u.credentialId, '')) as credential_id,
    multiIf(
        lower(e.additionalEventData.callWithBearerToken) = 'true'
        or startsWith(u.userName, 'BedrockAPIKey-')
        or startsWith(u.accessKeyId, 'ACCA') or startsWith(u.accessKeyId, 'ABSK'), 'api_key',
        startsWith(u.accessKeyId, 'AKIA'), 'long_lived_key',
        startsWith(u.accessKeyId, 'ASIA'), 'session_token',
        u.accessKeyId <> '', if(created is null, 'long_lived_key', 'session_token'),
        type in ('IdentityCenterUser', 'WebIdentityUser'), 'oidc_token',
        is_signin and type in ('IAMUser', 'Root'), 'password',
        type = 'AssumedRole', 'session_token',
        type in ('AWSService', 'Anonymous'), 'none',
        null
    ) as credential_kind,
    if(
        startsWith(u.accessKeyId, 'AKIA'),
        null,
        parseDateTime64BestEffortOrNull(created, 6, 'UTC')
    ) as credential_issued_at,
    action,
    service,
    coalesce(told_access, actions.looked_up, 'other') as access,
    coalesce(told_id, nullIf(guess.2, '')) as resource_id,
    multiIf(
        told_id is not null, multiIf(
            named_by = 'bucketName',
            if(request.key <> '', 'AWS::S3::Object', 'AWS::S3::Bucket'),
            named_by = 'resources', coalesce(nullIf(e.resources[1].type, ''), prefix),
            transform(
                named_by,
                [
                    'roleArn', 'userName', 'roleName', 'groupName', 'policyArn', 'secretId',
                    'functionName', 'modelId', 'instanceId', 'instancesSet.instanceId',
                    'instancesSet.imageId', 'snapshotId', 'imageId', 'volumeId', 'groupId',
                    'tableName', 'trailName', 'keyId', 'caller'
                ],
                [
                    'AWS::IAM::Role', 'AWS::IAM::User', 'AWS::IAM::Role', 'AWS::IAM::Group',
                    'AWS::IAM::Policy', 'AWS::SecretsManager::Secret', 'AWS::Lambda::Function',
                    'AWS::Bedrock::Model', 'AWS::EC2::Instance', 'AWS::EC2::Instance',
                    'AWS::EC2::Image', 'AWS::EC2::Snapshot', 'AWS::EC2::Image', 'AWS::EC2::Volume',
                    'AWS::EC2::SecurityGroup', 'AWS::DynamoDB::Table', 'AWS::CloudTrail::Trail',
                    'AWS::KMS::Key', 'AWS::IAM::User'
                ],
                ''
            )
        ),
        guess.2 <> '', concat(
            prefix,
            if(
                replaceRegexpOne(guess.1, '(Arn|ARN|Id|Name|Identifier|Url|^name|^arn)$', '') <> '',
                concat(
                    ':',
                    replaceRegexpOne(guess.1, '(Arn|ARN|Id|Name|Identifier|Url|^name|^arn)$', '')
                ),
                ''
            )
        ),
        null
    ) as resource_kind,
    account_id,
    nullIf(e.awsRegion, '') as region,
    outcome,
    nullIf(e.errorCode, '') as error_code,
    if(outcome = 'denied', 'aws_iam', null) as policy_engine,
    if(outcome = 'denied', 'deny', null) as policy_decision,
    if(
        outcome = 'denied',
        coalesce(
            nullIf(extract(e.errorMessage, 'explicit deny in an? [^:]*: (arn:\\S+)'), ''),
            nullIf(
                extract(e.errorMessage, 'explicit deny in an? ([a-zA-Z -]+(?:policy|boundary))'), ''
            )
        ),
        null
    ) as policy_id,
    source_ip,
    network,
    country,
    cloud,
    user_agent,
    client,
    if(
        startsWith(service, 'bedrock'),
        replaceRegexpOne(
            coalesce(nullIf(request.modelId, ''), nullIf(request.model, '')), '^arn:[^/]*/', ''
        ),
        null
    ) as model,
    nullIf(
        greatest(
            e.additionalEventData.inputTokens,
            e.additionalEventData.inputTokenCount,
            e.responseElements.usage.inputTokens
        ),
        0
    ) as input_tokens,
    nullIf(
        greatest(
            e.additionalEventData.outputTokens,
            e.additionalEventData.outputTokenCount,
            e.responseElements.usage.outputTokens
        ),
        0
    ) as output_tokens,
    raw
from identified
left any join file({actions:String}, 'Parquet') as actions on actions.key = action
left any join file({addresses:String}, 'Parquet') as addresses
    on addresses.key = source_ip
left any join file({agents:String}, 'Parquet') as agents
    on agents.key = user_agent
into outfile {out:String}
format Parquet
