-- grain: one row a record of `records`
-- reads: records
-- why: AWS CloudTrail, as S3 delivers it or as LookupEvents returns it. One json_transform a record
--      costs little more than checking its JSON; all that follows are columns.
--
-- Who acted. `identity_id` never depends on what a caller writes about itself (user agent,
-- address), so a stolen credential stays with the identity it was stolen from:
--   IAM user             the user's ARN
--   role session         the role's ARN. A person's session gets its own id, the assumed-role ARN
--                        (role and session name), only on what a thief of the role's credentials
--                        does not bring: an IAM Identity Center role, a session name that is an
--                        e-mail address, or MFA with a name no SDK made up
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
        source_file,
        record_index,
        raw,
        -- LookupEvents wraps the event, as text.
        case
            when contains(raw, '"CloudTrailEvent"') then coalesce(raw ->> '$.CloudTrailEvent', raw)
            else raw
        end as event_text
    from records
),

parsed as (
    select
        source_file,
        record_index,
        raw,
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
            "resources": ["MAP(VARCHAR, VARCHAR)"],
            "userIdentity": {
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
            },
            "requestParameters": {
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
                "instancesSet": {"items": [{"instanceId": "VARCHAR"}]},
                "tableName": "VARCHAR",
                "trailName": "VARCHAR",
                "snapshotId": "VARCHAR",
                "imageId": "VARCHAR",
                "volumeId": "VARCHAR",
                "groupId": "VARCHAR",
                "modelId": "VARCHAR",
                "model": "VARCHAR"
            },
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

-- The fields by short names; an empty text is no text.
told as (
    select
        source_file,
        record_index,
        raw,
        event_text,
        e is not null as is_object,
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
        coalesce(nullif(trim(e.sourceIPAddress), ''), nullif(e.userIdentity.invokedBy, ''))
            as source_ip,
        nullif(e.userAgent, '') as user_agent,
        nullif(e.errorCode, '') as error_code,
        nullif(e.errorMessage, '') as error_message,
        try_cast(e.readOnly as boolean) as read_only,
        coalesce(nullif(e.recipientAccountId, ''), nullif(e.userIdentity.accountId, ''))
            as account_id,
        e.sessionCredentialFromConsole = 'true' as is_from_console,
        nullif(e.userIdentity.type, '') as told_type,
        nullif(e.userIdentity.principalId, '') as principal,
        nullif(e.userIdentity.arn, '') as arn,
        coalesce(nullif(e.userIdentity.accountId, ''), nullif(split_part(e.userIdentity.arn, ':', 5), ''))
            as own_account,
        nullif(e.userIdentity.accessKeyId, '') as access_key,
        nullif(e.userIdentity.userName, '') as user_name,
        nullif(e.userIdentity.invokedBy, '') as invoked_by,
        nullif(e.userIdentity.identityProvider, '') as identity_provider,
        nullif(e.userIdentity.credentialId, '') as bearer_id,
        nullif(e.userIdentity.onBehalfOf.userId, '') as center_user,
        nullif(e.userIdentity.onBehalfOf.identityStoreArn, '') as identity_store,
        nullif(e.userIdentity.inScopeOf.issuerType, '') as scope_type,
        coalesce(
            nullif(e.userIdentity.inScopeOf.issuerType, ''),
            nullif(e.userIdentity.inScopeOf.credentialsIssuedTo, ''),
            nullif(e.userIdentity.sessionContext.ec2RoleDelivery, '')
        ) is not null as is_bound_to_compute,
        nullif(e.userIdentity.sessionContext.sessionIssuer.arn, '') as issuer_arn,
        nullif(e.userIdentity.sessionContext.sessionIssuer.accountId, '') as issuer_account,
        nullif(e.userIdentity.sessionContext.sessionIssuer.principalId, '') as issuer_id,
        nullif(e.userIdentity.sessionContext.sessionIssuer.userName, '') as issuer_name,
        nullif(e.userIdentity.sessionContext.sourceIdentity, '') as source_identity,
        nullif(e.userIdentity.sessionContext.webIdFederationData.federatedProvider, '')
            as web_provider,
        e.userIdentity.sessionContext.webIdFederationData.attributes as web_attributes,
        nullif(e.userIdentity.sessionContext.attributes.creationDate, '') as created,
        e.userIdentity.sessionContext.attributes.mfaAuthenticated = 'true' as has_mfa,
        e.resources[1] as resource,
        e.requestParameters as request,
        e.responseElements as response,
        e.additionalEventData as additional
    from parsed
),

-- The type of userIdentity, read from the ARN where it is missing or new to us.
typed as (
    select
        *,
        coalesce(
            service_linked.is_signin or told.event_type in ('AwsConsoleSignIn', 'AwsConsoleAction'),
            false
        ) as is_signin,
        case
            when event_type = 'AwsCloudTrailInsight' then 'AWSService'
            when upper(own_account) in ('ANONYMOUS_PRINCIPAL', 'ANONYMOUS')
                or principal = 'ANONYMOUS_PRINCIPAL'
                or told_type = 'AnonymousPrincipal' then 'Anonymous'
            when told_type in (
                'AssumedRole', 'IAMUser', 'AWSService', 'Root', 'AWSAccount', 'FederatedUser',
                'WebIdentityUser', 'SAMLUser', 'IdentityCenterUser', 'Directory', 'Role'
            ) then told_type
            when contains(arn, ':assumed-role/') then 'AssumedRole'
            when contains(arn, ':federated-user/') then 'FederatedUser'
            when contains(arn, ':user/') then 'IAMUser'
            when contains(arn, ':role/') then 'Role'
            when suffix(arn, ':root') then 'Root'
            when identity_store is not null or center_user is not null then 'IdentityCenterUser'
            when invoked_by is not null
                or suffix(source_ip, '.amazonaws.com')
                or event_type = 'AwsServiceEvent' then 'AWSService'
            else 'Unknown'
        end as type
    from told,
        lateral (select told.event_source = 'signin.amazonaws.com' as is_signin) as service_linked
)
select 1
