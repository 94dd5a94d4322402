-- grain: one row a record of `records`
-- reads: records
-- why: AWS CloudTrail, as S3 delivers it or as LookupEvents returns it. One json_transform a record
--      costs little more than checking its JSON; all that follows are columns. What takes long,
--      as a regular expression does, is asked of those rows alone that a quick look leaves.
--
-- Who acted. `identity_id` never depends on what a caller writes about itself (user agent,
-- address), so a stolen credential stays with the identity it was stolen from:
--   IAM user             the user's ARN
--   role session         the role's ARN. A person's session gets its own id, the assumed-role ARN
--                        (role and session name), only on what a thief of the role's credentials
--                        does not bring: an IAM Identity Center role, a session name that is an
--                        e-mail address, or MFA with a name no SDK made up
--                        (who may assume a role names its session: an invented address is then a
--                        person never seen before, not the role)
--   AWS service          its principal, `lambda.amazonaws.com`
--   root                 `arn:aws:iam::ACCOUNT:root`
--   federated user       its ARN; the IAM user who vouches is `on_behalf_of`
--   web identity         issuer/subject, without branch, tag or run, which change with each job
--   SAML user            the principal id (issuer and subject)
--   Identity Center user identity store ARN/user id
--   other accounts       ACCOUNT:role or user id, without the session
--   nobody               `anonymous`; `unknown` where the record does not say
-- What kind. A role is a service account; a workload if its session is bound to compute (instance,
-- task, function, pod, the /service-role/ path); an agent if it is Bedrock's runtime for agents; a
-- cloud service if service-linked; human on console or MFA evidence. An IAM user is a service
-- account unless the console, MFA or an e-mail address as its name says human.
-- Service-invoked calls (`invokedBy`) keep the customer's identity; the service is the `source_ip`,
-- and `on_behalf_of` unless a person or a workload is named there.

with

texts as (
    select
        record,
        -- LookupEvents wraps the event, as text.
        case
            when starts_with(raw, '{"eventVersion"') then raw
            when contains(raw, '"CloudTrailEvent"') then coalesce(raw ->> '$.CloudTrailEvent', raw)
            else raw
        end as event_text
    from records
),

parsed as (
    select
        record,
        event_text,
        try(json_transform(event_text, '{
            "eventID": "VARCHAR",
            "eventTime": "VARCHAR",
            "eventName": "VARCHAR",
            "eventSource": "VARCHAR",
            "eventType": "VARCHAR",
            "awsRegion": "VARCHAR",
            "sourceIPAddress": "VARCHAR",
            "userAgent": "VARCHAR",
            "errorCode": "VARCHAR",
            "errorMessage": "VARCHAR",
            "readOnly": "VARCHAR",
            "recipientAccountId": "VARCHAR",
            "sessionCredentialFromConsole": "VARCHAR",
            "resources": [{"ARN": "VARCHAR", "ARNPrefix": "VARCHAR", "type": "VARCHAR"}],
            "userIdentity": "JSON",
            "requestParameters": "JSON",
            "responseElements": {
                "ConsoleLogin": "VARCHAR",
                "CheckMfa": "VARCHAR",
                "SwitchRole": "VARCHAR",
                "accessKey": {"userName": "VARCHAR"},
                "usage": {"inputTokens": "VARCHAR", "outputTokens": "VARCHAR"}
            },
            "additionalEventData": {
                "callWithBearerToken": "VARCHAR",
                "inputTokens": "VARCHAR",
                "outputTokens": "VARCHAR",
                "inputTokenCount": "VARCHAR",
                "outputTokenCount": "VARCHAR"
            },
            "insightDetails": {"insightType": "VARCHAR"}
        }')) as e
    from texts
),

-- What was asked for, twice: by the names we know, and below by any name.
asked as (
    select
        *,
        try(json_transform(e.requestParameters, '{
            "bucketName": "VARCHAR",
            "key": "VARCHAR",
            "roleArn": "VARCHAR",
            "roleName": "VARCHAR",
            "userName": "VARCHAR",
            "groupName": "VARCHAR",
            "policyArn": "VARCHAR",
            "secretId": "VARCHAR",
            "keyId": "VARCHAR",
            "functionName": "VARCHAR",
            "instanceId": "VARCHAR",
            "instancesSet": {"items": [{"instanceId": "VARCHAR", "imageId": "VARCHAR"}]},
            "tableName": "VARCHAR",
            "trailName": "VARCHAR",
            "snapshotId": "VARCHAR",
            "imageId": "VARCHAR",
            "volumeId": "VARCHAR",
            "groupId": "VARCHAR",
            "modelId": "VARCHAR",
            "model": "VARCHAR"
        }')) as request
    from parsed
),

-- The fields by short names; an empty text is no text.
told as (
    select
        record,
        event_text,
        nullif(e.eventID, '') as event_id,
        nullif(e.eventTime, '') as time_text,
        case
            when regexp_matches(e.eventTime, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]')
                then try_cast(e.eventTime as timestamptz)
        end as event_time,
        -- Insights tell of a rate, not of a call; they have no eventName of their own.
        case
            when e.eventType = 'AwsCloudTrailInsight'
                then coalesce(nullif(e.insightDetails.insightType, ''), 'Insight')
            else nullif(e.eventName, '')
        end as event_name,
        case
            when e.eventType = 'AwsCloudTrailInsight' then 'cloudtrail.amazonaws.com'
            else lower(nullif(e.eventSource, ''))
        end as event_source,
        e.eventType as event_type,
        nullif(e.awsRegion, '') as region,
        case
            when starts_with(e.awsRegion, 'cn-') then 'aws-cn'
            when starts_with(e.awsRegion, 'us-gov-') then 'aws-us-gov'
            else 'aws'
        end as partition_name,
        nullif(
            if(contains(e.sourceIPAddress, ' '), trim(e.sourceIPAddress), e.sourceIPAddress), ''
        ) as address,
        nullif(e.userAgent, '') as user_agent,
        nullif(e.errorCode, '') as error_code,
        nullif(e.errorMessage, '') as error_message,
        try_cast(e.readOnly as boolean) as read_only,
        nullif(e.recipientAccountId, '') as recipient,
        e.sessionCredentialFromConsole as from_console,
        e.userIdentity as user_identity,
        coalesce(e.resources[1].ARN, e.resources[1].ARNPrefix) as logged_resource,
        e.resources[1].type as logged_resource_type,
        e.requestParameters as request_text,
        request,
        e.responseElements as response,
        e.additionalEventData as additional
    from asked
),

-- The service without its domain, and the operation without its version, which few have.
placed as (
    select
        *,
        case
            when suffix(event_source, '.amazonaws.com') then left(event_source, -14)
            else regexp_replace(
                event_source, '\.(amazonaws\.com\.cn|aws\.amazon\.com|api\.aws)$', ''
            )
        end as service,
        case
            when contains(event_name, '20') or contains(event_name, '19') then regexp_replace(
                event_name, '_?(19|20)[0-9]{2}_?[0-9]{2}_?[0-9]{2}(v[0-9]+)?$', ''
            )
            else event_name
        end as operation
    from told
),

-- The service as IAM spells it in actions.
prefixed as (
    select
        *,
        case service
            when 'monitoring' then 'cloudwatch'
            when 'email' then 'ses'
            when 'tagging' then 'tag'
            when 'streams.dynamodb' then 'dynamodb'
            when 'edgelambda' then 'lambda'
            when 'cloudcontrolapi' then 'cloudformation'
            when 'models.lex' then 'lex'
            when 'runtime.lex' then 'lex'
            when 'models-v2-lex' then 'lex'
            when 'runtime-v2-lex' then 'lex'
            when 'entitlement.marketplace' then 'aws-marketplace'
            when 'metering-marketplace' then 'aws-marketplace'
            when 'agreement-marketplace' then 'aws-marketplace'
            when 'data.iot' then 'iot'
            when 'iotdata' then 'iot'
            else service
        end as prefix,
        coalesce(request.userName, response.accessKey.userName) as iam_user
    from placed
),

-- What it was done to: the resource the log names, else the request's own word for it. `named_by`
-- is the field that tells.
pointed as (
    select
        *,
        case
            when starts_with(service, 's3')
                and request.bucketName <> ''
                and not starts_with(request.bucketName, '{') then 'bucketName'
            when logged_resource <> '' then 'resources'
            when request.roleArn <> '' then 'roleArn'
            when service = 'iam' and iam_user <> '' then 'userName'
            when service = 'iam' and request.roleName <> '' then 'roleName'
            when service = 'iam' and request.groupName <> '' then 'groupName'
            when request.policyArn <> '' then 'policyArn'
            when request.secretId <> '' then 'secretId'
            when request.functionName <> '' then 'functionName'
            when request.modelId <> '' then 'modelId'
            when request.instanceId <> '' then 'instanceId'
            when request.instancesSet.items[1].instanceId <> '' then 'instancesSet.instanceId'
            when request.instancesSet.items[1].imageId <> '' then 'instancesSet.imageId'
            when request.snapshotId <> '' then 'snapshotId'
            when request.imageId <> '' then 'imageId'
            when request.volumeId <> '' then 'volumeId'
            when service = 'ec2' and request.groupId <> '' then 'groupId'
            when request.tableName <> '' then 'tableName'
            when request.trailName <> '' then 'trailName'
            when request.keyId <> '' then 'keyId'
            -- IAM takes the caller for the user where the request names none.
            when service = 'iam' and regexp_matches(
                operation,
                'AccessKey|^GetUser$|^ChangePassword$|MFADevice|SSHPublicKey'
                || '|SigningCertificate|ServiceSpecificCredential'
            ) then 'caller'
        end as named_by
    from prefixed
),

known as (
    select
        *,
        case named_by
            when 'bucketName' then 'arn:' || partition_name || ':s3:::' || request.bucketName
            || coalesce('/' || nullif(request.key, ''), '')
            when 'resources' then logged_resource
            when 'roleArn' then request.roleArn
            when 'policyArn' then request.policyArn
            when 'secretId' then request.secretId
            when 'functionName' then request.functionName
            when 'modelId' then request.modelId
            when 'instanceId' then request.instanceId
            when 'instancesSet.instanceId' then request.instancesSet.items[1].instanceId
            when 'instancesSet.imageId' then request.instancesSet.items[1].imageId
            when 'snapshotId' then request.snapshotId
            when 'imageId' then request.imageId
            when 'volumeId' then request.volumeId
            when 'groupId' then request.groupId
            when 'tableName' then request.tableName
            when 'trailName' then request.trailName
            when 'keyId' then request.keyId
        end as known_id,
        case named_by
            when 'bucketName' then if(request.key <> '', 'AWS::S3::Object', 'AWS::S3::Bucket')
            when 'resources' then coalesce(logged_resource_type, prefix)
            when 'roleArn' then 'AWS::IAM::Role'
            when 'userName' then 'AWS::IAM::User'
            when 'roleName' then 'AWS::IAM::Role'
            when 'groupName' then 'AWS::IAM::Group'
            when 'policyArn' then 'AWS::IAM::Policy'
            when 'secretId' then 'AWS::SecretsManager::Secret'
            when 'functionName' then 'AWS::Lambda::Function'
            when 'modelId' then 'AWS::Bedrock::Model'
            when 'instanceId' then 'AWS::EC2::Instance'
            when 'instancesSet.instanceId' then 'AWS::EC2::Instance'
            when 'instancesSet.imageId' then 'AWS::EC2::Image'
            when 'snapshotId' then 'AWS::EC2::Snapshot'
            when 'imageId' then 'AWS::EC2::Image'
            when 'volumeId' then 'AWS::EC2::Volume'
            when 'groupId' then 'AWS::EC2::SecurityGroup'
            when 'tableName' then 'AWS::DynamoDB::Table'
            when 'trailName' then 'AWS::CloudTrail::Trail'
            when 'keyId' then 'AWS::KMS::Key'
            when 'caller' then 'AWS::IAM::User'
        end as known_kind,
        -- Services we have no word for: the first of the request's own fields that reads like a
        -- name. Only where there may be one, all of them are looked at.
        case
            when coalesce(named_by, 'caller') = 'caller'
                and regexp_matches(
                    request_text, '(Name|Id|Arn|ARN|Identifier|Url|"name|"arn|"target|"path)"\s*:'
                ) then list_filter(
                map_entries(
                    try(json_transform(
                        request_text,
                        '"MAP(VARCHAR, VARCHAR)"'
                    ))
                ),
                lambda entry:
                    (
                        suffix(entry.key, 'Name') or suffix(entry.key, 'Id')
                        or suffix(entry.key, 'Arn') or suffix(entry.key, 'ARN')
                        or suffix(entry.key, 'Identifier') or suffix(entry.key, 'Url')
                        or entry.key in ('name', 'arn', 'target', 'path')
                    )
                    and not regexp_matches(
                        entry.key,
                        '^(roleSession|(clientR|r)equest|attribute|external|version|region)[A-Z]'
                    )
                    and entry.value <> ''
                    and not regexp_matches(entry.value, '^[\[{]')
            )[1]
        end as guess
    from pointed
),

-- All that does not depend on who acted. `caller` is all that tells who did: there are few of them
-- beside the events, so that is worked out once for each.
acts as materialized (
    select
        record,
        event_id,
        event_time,
        concat_ws(':', prefix, operation) as action,
        service,
        case
            when service = 'sts' and starts_with(operation, 'AssumeR') then 'delegate'
            when service = 'sts' and operation in ('GetSessionToken', 'GetFederationToken')
                then 'auth'
        end as access,
        partition_name,
        region,
        address,
        user_agent,
        read_only,
        named_by = 'caller' as is_of_caller,
        -- Where an object or a list stands for a name, it came as JSON text.
        case when left(known_id, 1) not in ('{', '[') then known_id end as known_id,
        known_kind,
        case named_by
            when 'userName' then 'user/' || iam_user
            when 'roleName' then 'role/' || request.roleName
            when 'groupName' then 'group/' || request.groupName
        end as iam_path,
        -- A URL may bear a password or be signed.
        case
            when contains(guess['value'], '://') then regexp_replace(
                guess['value'], '(?s)^([A-Za-z0-9+]+://)([^/?#]*@)?([^?#]*).*$', '\1\3'
            )
            else guess['value']
        end as guessed_id,
        concat_ws(
            ':',
            prefix,
            nullif(
                regexp_replace(
                    guess['key'],
                    '(Arn|ARN|Id|Name|Identifier|Url|^name|^arn)$',
                    ''
                ),
                ''
            )
        ) as guessed_kind,
        case
            when event_type = 'AwsCloudTrailInsight' then 'unknown'
            when regexp_matches(
                error_code,
                '(?i)access_?denied|not_?authorized|unauthori[sz]ed|forbidden'
                || '|authorization_?(error|failure)|^40[13]$'
            ) then 'denied'
            when error_code is not null or error_message is not null then 'failure'
            when 'Failure' in (response.ConsoleLogin, response.CheckMfa, response.SwitchRole)
                then 'failure'
            else 'success'
        end as outcome,
        error_code,
        case
            when outcome = 'denied' then coalesce(
                nullif(
                    regexp_extract(error_message, 'explicit deny in an? [^:]*: (arn:\S+)', 1),
                    ''
                ),
                nullif(
                    regexp_extract(
                        error_message,
                        'explicit deny in an? ([a-zA-Z -]+(policy|boundary))',
                        1
                    ),
                    ''
                )
            )
        end as policy_id,
        case
            when starts_with(service, 'bedrock') then regexp_replace(
                coalesce(nullif(request.modelId, ''), nullif(request.model, '')),
                '^arn:[^/]*/',
                ''
            )
        end as model,
        lower(additional.callWithBearerToken) = 'true' as with_api_key,
        try_cast(
            coalesce(
                additional.inputTokens, additional.inputTokenCount, response.usage.inputTokens
            ) as bigint
        ) as input_tokens,
        try_cast(
            coalesce(
                additional.outputTokens, additional.outputTokenCount, response.usage.outputTokens
            ) as bigint
        ) as output_tokens,
        case
            when event_id is null and time_text is null and event_name is null
                then 'expected eventID, eventTime and eventName, got ' || left(event_text, 40)
            when event_id is null then 'expected an eventID, got none'
            when time_text is null then 'expected an eventTime, got none'
            when event_time is null
                then 'expected eventTime as ISO 8601 with a date, got ' || left(time_text, 40)
            when event_time < timestamptz '1990-01-01' or event_time >= timestamptz '2101-01-01'
                then 'expected eventTime in 1990 to 2100, got ' || left(time_text, 40)
            when event_name is null then 'expected an eventName, got none'
        end as problem,
        {
            'user_identity': user_identity,
            -- Roles and users call many services; who they are is told by none but the sign-in.
            'event_source': case
                when event_source <> 'signin.amazonaws.com'
                    and event_type <> 'AwsCloudTrailInsight'
                    and (
                        starts_with(user_identity, '{"type":"AssumedRole"')
                        or starts_with(user_identity, '{"type":"IAMUser"')
                    ) then null
                else event_source
            end,
            'event_type': event_type,
            'partition_name': partition_name,
            'service_address': if(suffix(address, '.amazonaws.com'), address, null),
            'user_agent': user_agent,
            'recipient': recipient,
            'from_console': from_console
        } as caller
    from known
),

callers as (
    select
        caller,
        caller.event_source as event_source,
        caller.event_type as event_type,
        caller.partition_name as partition_name,
        caller.user_agent as user_agent,
        caller.recipient as recipient,
        caller.from_console = 'true' as is_from_console,
        try(json_transform(caller.user_identity, '{
            "type": "VARCHAR",
            "principalId": "VARCHAR",
            "arn": "VARCHAR",
            "accountId": "VARCHAR",
            "accessKeyId": "VARCHAR",
            "userName": "VARCHAR",
            "invokedBy": "VARCHAR",
            "identityProvider": "VARCHAR",
            "credentialId": "VARCHAR",
            "onBehalfOf": {"userId": "VARCHAR", "identityStoreArn": "VARCHAR"},
            "inScopeOf": {"issuerType": "VARCHAR", "credentialsIssuedTo": "VARCHAR"},
            "sessionContext": {
                "sessionIssuer": {
                    "arn": "VARCHAR",
                    "accountId": "VARCHAR",
                    "principalId": "VARCHAR",
                    "userName": "VARCHAR"
                },
                "webIdFederationData": {
                    "federatedProvider": "VARCHAR",
                    "attributes": "MAP(VARCHAR, VARCHAR)"
                },
                "attributes": {"creationDate": "VARCHAR", "mfaAuthenticated": "VARCHAR"},
                "sourceIdentity": "VARCHAR",
                "ec2RoleDelivery": "VARCHAR"
            }
        }')) as u
    from (select distinct caller from acts)
),

described as (
    select
        caller,
        event_source,
        event_type,
        partition_name,
        user_agent,
        is_from_console,
        coalesce(caller.service_address, nullif(u.invokedBy, '')) as source_ip,
        coalesce(recipient, nullif(u.accountId, '')) as account_id,
        nullif(u.type, '') as told_type,
        nullif(u.principalId, '') as principal,
        nullif(u.arn, '') as arn,
        coalesce(
            nullif(u.accountId, ''),
            nullif(split_part(u.arn, ':', 5), ''),
            recipient
        ) as own_account,
        -- Keys' ids are short words; what is none may be the key itself, which is nobody's to read.
        case
            when u.accessKeyId = '' then null
            when regexp_full_match(u.accessKeyId, '[\w*-]{1,128}')
                and not starts_with(u.accessKeyId, 'ABSK') then u.accessKeyId
            else 'sha256:' || left(sha256(u.accessKeyId), 32)
        end as access_key,
        nullif(u.userName, '') as user_name,
        nullif(u.invokedBy, '') as invoked_by,
        nullif(u.identityProvider, '') as identity_provider,
        case
            when u.credentialId = '' then null
            when regexp_full_match(u.credentialId, '[\w*-]{1,128}')
                and not starts_with(u.credentialId, 'ABSK') then u.credentialId
            else 'sha256:' || left(sha256(u.credentialId), 32)
        end as bearer_id,
        nullif(u.onBehalfOf.userId, '') as center_user,
        nullif(u.onBehalfOf.identityStoreArn, '') as identity_store,
        nullif(u.inScopeOf.issuerType, '') as scope_type,
        coalesce(
            nullif(u.inScopeOf.issuerType, ''),
            nullif(u.inScopeOf.credentialsIssuedTo, ''),
            nullif(u.sessionContext.ec2RoleDelivery, '')
        ) is not null as is_bound_to_compute,
        nullif(u.sessionContext.sessionIssuer.arn, '') as issuer_arn,
        nullif(u.sessionContext.sessionIssuer.accountId, '') as issuer_account,
        nullif(u.sessionContext.sessionIssuer.principalId, '') as issuer_id,
        nullif(u.sessionContext.sessionIssuer.userName, '') as issuer_name,
        nullif(u.sessionContext.sourceIdentity, '') as source_identity,
        nullif(u.sessionContext.webIdFederationData.federatedProvider, '')
            as web_provider,
        u.sessionContext.webIdFederationData.attributes as web_attributes,
        nullif(u.sessionContext.attributes.creationDate, '') as created,
        u.sessionContext.attributes.mfaAuthenticated = 'true' as has_mfa
    from callers
),

-- The type of userIdentity, read from the other fields where it is missing or new to us.
typed as (
    select
        *,
        coalesce(
            event_source = 'signin.amazonaws.com'
            or event_type in ('AwsConsoleSignIn', 'AwsConsoleAction'),
            false
        ) as is_signin,
        case
            when event_type = 'AwsCloudTrailInsight' then 'AWSService'
            when upper(own_account) in ('ANONYMOUS_PRINCIPAL', 'ANONYMOUS')
                or principal = 'ANONYMOUS_PRINCIPAL'
                or told_type = 'AnonymousPrincipal' then 'Anonymous'
            when told_type in (
                'AssumedRole', 'IAMUser', 'AWSService', 'Root', 'AWSAccount', 'FederatedUser',
                'WebIdentityUser', 'SAMLUser', 'IdentityCenterUser', 'Directory'
            ) then told_type
            when contains(arn, ':assumed-role/') or contains(arn, ':role/')
                or regexp_matches(principal, '^AROA[A-Z0-9]+:') then 'AssumedRole'
            when contains(arn, ':federated-user/') then 'FederatedUser'
            when contains(arn, ':user/') then 'IAMUser'
            when suffix(arn, ':root') then 'Root'
            when center_user is not null then 'IdentityCenterUser'
            when invoked_by is not null
                or suffix(source_ip, '.amazonaws.com')
                or event_type = 'AwsServiceEvent' then 'AWSService'
            else 'Unknown'
        end as type
    from described
),

-- What a role session is made of. An assumed-role ARN has the role's name without its path.
named as (
    select
        *,
        case
            when type in ('AssumedRole', 'AWSAccount') then coalesce(
                case
                    when contains(principal, ':')
                        then nullif(substr(principal, strpos(principal, ':') + 1), '')
                end,
                nullif(regexp_extract(arn, ':assumed-role/[^/]+/(.+)$', 1), '')
            )
        end as session_name,
        case
            when type = 'AssumedRole' then coalesce(
                case
                    when contains(issuer_arn, ':role/')
                        then nullif(split_part(issuer_arn, '/', -1), '')
                end,
                nullif(regexp_extract(arn, ':assumed-role/([^/]+)', 1), ''),
                case when contains(arn, ':role/') then nullif(split_part(arn, '/', -1), '') end,
                issuer_name
            )
        end as role_name,
        coalesce(nullif(split_part(issuer_arn, ':', 5), ''), issuer_account, own_account)
            as role_account
    from typed
),

evidence as (
    select
        *,
        case
            when contains(issuer_arn, ':role/') then issuer_arn
            when contains(arn, ':role/') then arn
            else 'arn:' || partition_name || ':iam::' || role_account || ':role/' || role_name
        end as role_arn,
        coalesce(
            starts_with(role_name, 'AWSReservedSSO_')
            or contains(issuer_arn, ':role/aws-reserved/sso.amazonaws.com/'),
            false
        ) as is_center_role,
        coalesce(
            contains(issuer_arn, ':role/aws-service-role/')
            or contains(arn, ':role/aws-service-role/')
            or starts_with(role_name, 'AWSServiceRoleFor'),
            false
        ) as is_service_linked,
        -- The runtime that AWS runs agents in: its scope, sessions and roles as AWS names them.
        coalesce(
            starts_with(scope_type, 'AWS::Bedrock')
            or starts_with(session_name, 'BedrockAgent')
            or starts_with(role_name, 'AmazonBedrockExecutionRoleForAgents')
            or starts_with(role_name, 'AmazonBedrockAgentCore'),
            false
        ) as is_agent,
        -- An EC2 instance, an ECS task, an EKS pod.
        coalesce(
            is_bound_to_compute
            or regexp_matches(session_name, '^(i-[0-9a-f]{8}([0-9a-f]{9})?|[0-9a-f]{32}|eks-.+)$')
            or contains(web_provider, 'oidc.eks.')
            or contains(identity_provider, 'oidc.eks.')
            or starts_with(user_name, 'system:serviceaccount:'),
            false
        ) as is_compute,
        coalesce(
            regexp_matches(
                coalesce(session_name, user_name),
                '^[^@\s:/]+@[^@\s:/]+\.[A-Za-z]{2,}$'
            )
            and not suffix(coalesce(session_name, user_name), '.gserviceaccount.com'),
            false
        ) as is_email,
        -- Made up by an SDK or a job: it cannot tell one person from another.
        coalesce(
            regexp_matches(session_name, '[0-9]{6}|[0-9a-f]{8}-[0-9a-f]{4}|^[0-9a-f]{16}'),
            true
        ) as is_random_name,
        coalesce(
            is_signin
            or is_from_console
            or invoked_by = 'signin.amazonaws.com'
            -- A console names itself; a long-lived key is never a console's.
            or (
                type = 'IAMUser'
                and not starts_with(access_key, 'AKIA')
                and (
                    regexp_matches(user_agent, '^(console|signin)\.([a-z0-9.-]+\.)?amazonaws\.com')
                    or contains(user_agent, 'S3Console')
                )
            ),
            false
        ) as is_console,
        -- github: repo:o/r:ref:...; gitlab: project_path:g/p:ref_type:...; others alike.
        regexp_replace(user_name, ':(ref|ref_type|pull_request|run_phase)(:.*)?$', '')
            as web_subject,
        regexp_replace(identity_provider, '^arn:.*:oidc-provider/', '') as web_issuer,
        case
            when web_attributes is not null then list_filter(
                map_entries(web_attributes),
                lambda entry: entry.key = 'sub' or suffix(entry.key, ':sub')
            )[1]['value']
        end as session_subject
    from named
),

judged as (
    select
        *,
        not is_service_linked and not is_agent and not is_compute
        and role_name is not null
        and session_name is not null
        and (is_center_role or is_email or (coalesce(has_mfa, false) and not is_random_name))
            as is_person_session,
        'arn:' || partition_name || ':sts::' || role_account || ':assumed-role/' || role_name
        || '/' || session_name as session_arn,
        coalesce(
            case when invoked_by <> 'AWS Internal' then invoked_by end,
            case when suffix(source_ip, '.amazonaws.com') then source_ip end,
            event_source,
            invoked_by
        ) as service_principal
    from evidence
),

identified as (
    select
        *,
        coalesce(
            case type
                when 'AssumedRole' then coalesce(
                    case when is_person_session then session_arn end,
                    role_arn,
                    role_account || ':' || split_part(principal, ':', 1),
                    nullif(split_part(principal, ':', 1), '')
                )
                when 'IAMUser' then coalesce(
                    arn,
                    'arn:' || partition_name || ':iam::' || own_account || ':user/' || user_name,
                    own_account || ':' || principal,
                    principal,
                    user_name,
                    access_key
                )
                when 'AWSService' then service_principal
                when 'Root' then coalesce(
                    'arn:' || partition_name || ':iam::' || coalesce(own_account, account_id)
                    || ':root',
                    arn
                )
                when 'FederatedUser' then coalesce(
                    arn,
                    'arn:' || partition_name || ':sts::' || own_account || ':federated-user/'
                    || coalesce(user_name, split_part(principal, ':', -1))
                )
                when 'WebIdentityUser'
                    then coalesce(web_issuer || '/' || web_subject, principal, web_subject)
                when 'SAMLUser' then coalesce(principal, user_name)
                when 'IdentityCenterUser'
                    then coalesce(identity_store || '/' || center_user, center_user)
                when 'Anonymous' then 'anonymous'
                when 'AWSAccount'
                    then coalesce(own_account || ':' || split_part(principal, ':', 1), own_account)
                else own_account || ':' || principal
            end,
            arn,
            principal,
            user_name,
            'unknown'
        ) as identity_id,
        coalesce(
            case type
                when 'AssumedRole' then if(is_person_session, session_name, role_name)
                when 'IAMUser' then coalesce(user_name, split_part(arn, '/', -1))
                when 'AWSService' then regexp_replace(service_principal, '\.amazonaws\.com$', '')
                when 'Root' then 'root'
                when 'FederatedUser' then coalesce(user_name, split_part(arn, '/', -1))
                when 'WebIdentityUser' then web_subject
                when 'Anonymous' then 'anonymous'
                else coalesce(user_name, center_user)
            end,
            split_part(principal, ':', 1),
            'unknown'
        ) as identity_name,
        case type
            when 'AssumedRole' then case
                when is_service_linked then 'cloud_service'
                when is_center_role then 'human'
                when is_agent then 'agent'
                when is_compute then 'workload'
                when is_email or is_console or has_mfa then 'human'
                when contains(issuer_arn, ':role/service-role/')
                    or contains(user_agent, 'exec-env/') then 'workload'
                else 'service_account'
            end
            when 'IAMUser' then case
                when starts_with(user_name, 'BedrockAPIKey-') then 'service_account'
                when is_email or is_console or has_mfa then 'human'
                else 'service_account'
            end
            when 'FederatedUser'
                then if(is_email or is_console or has_mfa, 'human', 'service_account')
            when 'WebIdentityUser' then case
                when is_compute then 'workload'
                -- Where people have their accounts.
                when web_issuer in (
                    'accounts.google.com', 'graph.facebook.com', 'www.amazon.com',
                    'appleid.apple.com', 'cognito-identity.amazonaws.com'
                ) then 'human'
                else 'service_account'
            end
            when 'AWSAccount' then case
                when regexp_matches(principal, '^A[RI][OD]A') then 'service_account'
                else 'unknown'
            end
            when 'AWSService' then 'cloud_service'
            when 'Root' then 'human'
            when 'SAMLUser' then 'human'
            when 'IdentityCenterUser' then 'human'
            when 'Directory' then 'human'
            when 'Anonymous' then 'anonymous'
            -- Identity Center's portal signs its users' own events as Unknown.
            when 'Unknown' then case
                when is_signin or event_source = 'sso.amazonaws.com' then 'human'
                else 'unknown'
            end
            else 'unknown'
        end as identity_kind
    from judged
),

-- For whom, in which session and with what credential each caller acted.
identities as (
    select
        caller,
        type,
        is_signin,
        account_id,
        invoked_by,
        identity_id,
        identity_name,
        identity_kind,
        coalesce(
            source_identity,
            case when type <> 'IdentityCenterUser' then center_user end,
            session_subject,
            case when type = 'FederatedUser' then issuer_arn end,
            -- Several people share a role in the console; its name is all that tells them apart.
            case
                when type = 'AssumedRole' and identity_kind = 'human'
                    and not is_person_session and not is_random_name then session_name
            end,
            case
                when type <> 'AWSService' and invoked_by <> 'signin.amazonaws.com' then invoked_by
            end
        ) as on_behalf_of,
        case
            when type = 'AssumedRole' then coalesce(
                case when contains(principal, ':') then principal end,
                issuer_id || ':' || session_name,
                role_arn || '/' || session_name,
                arn
            )
            when type = 'AWSAccount' and contains(principal, ':') then principal
            when type in ('IAMUser', 'FederatedUser', 'Root') and created is not null
                and not coalesce(starts_with(access_key, 'AKIA'), false)
                then identity_id || '@' || created
        end as session_id,
        coalesce(access_key, bearer_id) as credential_id,
        case
            when starts_with(user_name, 'BedrockAPIKey-')
                or starts_with(access_key, 'ACCA')
                or starts_with(access_key, 'sha256:') then 'api_key'
            when starts_with(access_key, 'AKIA') then 'long_lived_key'
            when starts_with(access_key, 'ASIA') then 'session_token'
            when access_key is not null then if(created is null, 'long_lived_key', 'session_token')
            when type = 'IdentityCenterUser' or type = 'WebIdentityUser' then 'oidc_token'
            when is_signin and type in ('IAMUser', 'Root') then 'password'
            when type = 'AssumedRole' then 'session_token'
            when type in ('AWSService', 'Anonymous') then 'none'
        end as credential_kind,
        case
            -- Not infinity, nor a year that nothing can show.
            when not coalesce(starts_with(access_key, 'AKIA'), false)
                and regexp_matches(created, '^(19|20)[0-9]{2}-')
                then try_cast(created as timestamptz)
        end as credential_issued_at
    from identified
),

-- The events with who acted. IAM names become ARNs, so that whom a permission is given to can be
-- joined with who acts.
acted as (
    select
        a.*,
        i.type,
        i.is_signin,
        i.account_id,
        i.identity_id,
        i.identity_name,
        i.identity_kind,
        i.on_behalf_of,
        i.session_id,
        i.credential_id,
        i.credential_kind,
        i.credential_issued_at,
        coalesce(a.address, i.invoked_by) as source_address,
        coalesce(
            a.known_id,
            'arn:' || a.partition_name || ':iam::' || i.account_id || ':' || a.iam_path,
            case when a.is_of_caller and i.type = 'IAMUser' then i.identity_id end
        ) as told_id
    from acts as a
    join identities as i on i.caller = a.caller
),

final as (
    select
        event_id,
        event_time,
        record,
        identity_id,
        identity_name,
        identity_kind,
        on_behalf_of,
        session_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        credential_id,
        if(with_api_key, 'api_key', credential_kind) as credential_kind,
        credential_issued_at,
        cast(null as timestamptz) as credential_expires_at,
        action,
        service,
        case when access is null and is_signin then 'auth' else access end as access,
        cast(null as varchar) as tool_name,
        coalesce(told_id, guessed_id) as resource_id,
        case
            when told_id is not null then known_kind
            when guessed_id is not null then guessed_kind
        end as resource_kind,
        account_id,
        region,
        outcome,
        error_code,
        -- Every refusal is IAM's, by a policy that says no or by none that says yes.
        case when outcome = 'denied' then 'aws_iam' end as policy_engine,
        case when outcome = 'denied' then 'deny' end as policy_decision,
        policy_id,
        -- Some exporters pad IPv4 octets with zeros.
        case
            when (starts_with(source_address, '0') or contains(source_address, '.0'))
                and regexp_matches(
                    source_address, '^([0-9]{1,3}\.){0,3}0[0-9]{1,2}(\.[0-9]{1,3}){0,3}$'
                ) then regexp_replace(source_address, '(^|\.)0+([0-9])', '\1\2', 'g')
            else source_address
        end as source_ip,
        user_agent,
        model,
        input_tokens,
        output_tokens,
        cast(null as varchar) as prompt,
        cast(null as varchar) as tool_arguments,
        cast(null as varchar) as tool_result,
        cast(null as varchar) as raw,
        read_only,
        problem
    from acted
)

select
    event_id,
    event_time,
    record,
    identity_id,
    identity_name,
    identity_kind,
    on_behalf_of,
    session_id,
    trace_id,
    parent_id,
    credential_id,
    credential_kind,
    credential_issued_at,
    credential_expires_at,
    action,
    service,
    access,
    tool_name,
    resource_id,
    resource_kind,
    account_id,
    region,
    outcome,
    error_code,
    policy_engine,
    policy_decision,
    policy_id,
    source_ip,
    user_agent,
    model,
    input_tokens,
    output_tokens,
    prompt,
    tool_arguments,
    tool_result,
    raw,
    read_only,
    problem
from final
