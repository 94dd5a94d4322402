-- grain: class, action_pattern, raw_pattern
-- reads:
-- why: actions that tell something without any history. To teach a new one, add a line.
--   class           what kind of act; titles in the detector
--   technique       ATT&CK id of detectors.frameworks
--   strength        the score of one such act by an identity never seen before, in (0, 1)
--   everyday        people and deployment jobs do it in their ordinary work
--   action_pattern  regular expression (RE2) over the lower-cased action
--   raw_pattern     what the record has to contain, without regard to case; null: nothing
--   raw_unless      what it must not contain, such as a condition that narrows a policy
--   outsider        only if the record names an account that this lake has not seen
-- Sources: the action lists of the public AWS, Azure, GCP, GitHub and Kubernetes rules of Elastic,
-- Panther, Sigma and Prowler, and the API references of the clouds.
select
    class,
    technique,
    strength,
    everyday,
    action_pattern,
    raw_pattern,
    raw_unless,
    outsider
from (
    values
    -- Log and watch less.
    ('audit', 'ATT&CK:T1685.002', 0.85, false,
        '^cloudtrail:(deletetrail|stoplogging|deleteeventdatastore|stopeventdatastoreingestion)$',
        null, null, false),
    ('audit', 'ATT&CK:T1685.002', 0.65, false, '^cloudtrail:puteventselectors$', null, null, false),
    ('audit', 'ATT&CK:T1685.002', 0.7, false, '^cloudtrail:updatetrail$',
        '(multiregiontrail|globalserviceevents|logfilevalidation)"\s*:\s*false', null, false),
    ('audit', 'ATT&CK:T1685.002', 0.75, false,
        '^(ec2:deleteflowlogs|route53resolver:(delete|disassociate)resolverquerylogconfig'
        || '|bedrock:deletemodelinvocationloggingconfiguration|wafv2:deleteloggingconfiguration'
        || '|rds:stopactivitystream)$',
        null, null, false),
    ('audit', 'ATT&CK:T1685.002', 0.65, false, '^s3:putbucketlifecycle(configuration)?$',
        '"days"\s*:\s*1\b', null, false),
    ('audit', 'ATT&CK:T1685.002', 0.5, true, '^logs:delete(loggroup|logstream)$',
        null, null, false),
    ('audit', 'ATT&CK:T1685', 0.8, false,
        '^(guardduty:(deletedetector|updatedetector|disassociate\w*|stopmonitoringmembers)'
        || '|config:(stopconfigurationrecorder|deleteconfigurationrecorder|deletedeliverychannel)'
        || '|securityhub:disable\w*|macie2:disable\w*|organizations:leaveorganization'
        || '|access-analyzer:deleteanalyzer)$',
        null, null, false),
    ('audit', 'ATT&CK:T1685.002', 0.65, false,
        'configservicev\d\.(delete|update)(sink|bucket)|configservicev\d\.createexclusion'
        || '|/diagnosticsettings/delete$|/networkwatchers/(flowlogs/)?delete$'
        || '|(disable|delete|stop|remove)[_.](the_)?(audit|logging|log_stream|trail|monitoring)'
        || '|audit_log\w*\.(disable|delete|stop|destroy)',
        null, null, false),

    -- New ways in.
    ('credential', 'ATT&CK:T1098.001', 0.7, false,
        '^iam:(create(accesskey|loginprofile|servicespecificcredential)|updateloginprofile'
        || '|uploadsigningcertificate|uploadsshpublickey|resetservicespecificcredential)$',
        null, null, false),
    ('credential', 'ATT&CK:T1550.001', 0.6, false, '^sts:getfederationtoken$', null, null, false),
    ('credential', 'ATT&CK:T1098.001', 0.6, false,
        '(create|upload)serviceaccountkey|apikeys\.createkey|\.signjwt$|\.signblob$'
        || '|add service principal credentials|certificates and secrets management|addpassword',
        null, null, false),
    ('credential', 'ATT&CK:T1098.001', 0.5, true,
        '(create|add|generate|issue|mint)[_. ]?\w*[_. ]?(api|access|deploy|ssh|public|db)'
        || '[_. ]?(key|token)'
        || '|(personal_access_token|deploy_key|public_key|api_key)s?[_.](create|add|generate)',
        null, null, false),
    ('principal', 'ATT&CK:T1136.003', 0.6, false, '^iam:createuser$', null, null, false),
    ('principal', 'ATT&CK:T1136.003', 0.4, true,
        '^iam:createrole$|createserviceaccount$|^add (user|service principal)$'
        || '|^(create|invite|add)[_.]?(user|member)$',
        null, null, false),
    ('trust', 'ATT&CK:T1484.002', 0.65, false,
        '^iam:(updateassumerolepolicy|(create|update)(samlprovider|openidconnectprovider\w*))$'
        || '|^rolesanywhere:create(trustanchor|profile)$'
        || '|(create|update)(workloadidentitypool|workforcepool)\w*|inboundssoprofile(creat|updat)'
        || '|set (federation settings|domain authentication)|saml_(disabled|enabled|provider)',
        null, null, false),
    ('trust', 'ATT&CK:T1199', 0.75, false, '^iam:(createrole|updateassumerolepolicy)$',
        null, null, true),
    ('trust', 'ATT&CK:T1098', 0.6, false,
        '^iam:(deactivatemfadevice|deletevirtualmfadevice)$|two_factor\w*disable'
        || '|disable_two_factor|mfa\.factor\.deactivate|disable strong authentication',
        null, null, false),

    -- More rights.
    ('permission', 'ATT&CK:T1098.003', 0.6, true,
        '^iam:((attach|put)(user|role|group)policy|createpolicyversion|setdefaultpolicyversion'
        || '|addusertogroup|addroletoinstanceprofile'
        || '|(delete|put)(user|role)permissionsboundary)$',
        null, null, false),
    ('permission', 'ATT&CK:T1098.003', 0.8, false,
        'policy$|policyversion$|roleassignments/write$|rolebinding',
        'administratoraccess|iamfullaccess|poweruseraccess|roles/(owner|editor)|cluster-admin'
        || '|\baction\\*"\s*:\s*\[?\s*\\*"\*\\*"',
        'effect\\*"\s*:\s*\\*"deny', false),
    ('permission', 'ATT&CK:T1098.003', 0.6, true,
        'setiampolicy$|roleassignments/write$|rolebindings?[./_ ](create|write|patch|update)'
        || '|(create|patch|update)[./_ ](cluster)?rolebindings?'
        || '|(add|promote|set|make|invite|change)[a-z_.]*(admin|owner)'
        || '|addprincipals?togroup|modifyuserrole',
        null, null, false),

    -- Open to the outside.
    ('exposure', 'ATT&CK:T1537', 0.75, false, '^ec2:modify(image|snapshot)attribute$',
        '"add"\s*:\s*\{', null, false),
    ('exposure', 'ATT&CK:T1537', 0.75, false, '^rds:modifydb(cluster)?snapshotattribute$',
        '"valuestoadd"\s*:\s*\[\s*"', null, false),
    ('exposure', 'ATT&CK:T1686.001', 0.65, false, '^ec2:authorizesecuritygroupingress$',
        '"[0-9.]+/0"|"::/0"', null, false),
    ('exposure', 'ATT&CK:T1098', 0.7, false, ':addpermission$',
        '"principal"\s*:\s*"(\*|arn:|[0-9]{12})', null, false),
    ('exposure', 'ATT&CK:T1537', 0.7, false, 'policy$|createfunctionurlconfig$|:addpermission$',
        '\bprincipal\\*"\s*:\s*(\{\s*\\*"aws\\*"\s*:\s*)?\[?\s*\\*"\*\\*"|authtype"\s*:\s*"none',
        '\bcondition\\*"\s*:|effect\\*"\s*:\s*\\*"deny', false),
    ('exposure', 'ATT&CK:T1537', 0.7, false,
        '^[a-z0-9-]+:(put|set|add|modify)\w*(policy|permission|acl|attribute)$', null, null, true),
    ('exposure', 'ATT&CK:T1537', 0.65, false,
        'acl$|policy$|setiampermissions$|repo\.(access|visibility)',
        '"?all(authenticated)?users|/authenticatedusers|public-read|"visibility"\s*:\s*"public"',
        null, false),
    ('exposure', 'ATT&CK:T1537', 0.6, false,
        'delete(account|bucket)?publicaccessblock$|begingetaccess/action$', null, null, false),

    -- Read what opens other doors.
    ('secret', 'ATT&CK:T1555.006', 0.4, true, '^secretsmanager:getsecretvalue$', null, null, false),
    ('secret', 'ATT&CK:T1555.006', 0.5, true, '^secretsmanager:batchgetsecretvalue$',
        null, null, false),
    ('secret', 'ATT&CK:T1555.006', 0.5, true, '^ssm:getparameters(bypath)?$',
        '"withdecryption"\s*:\s*true', null, false),
    ('secret', 'ATT&CK:T1555.006', 0.4, true, '^ssm:getparameter(history)?$',
        '"withdecryption"\s*:\s*true', null, false),
    ('secret', 'ATT&CK:T1552', 0.6, false, '^ec2:getpassworddata$', null, null, false),
    ('secret', 'ATT&CK:T1552.005', 0.4, false, '^ec2:describeinstanceattribute$',
        '"attribute"\s*:\s*"userdata"', null, false),
    ('secret', 'ATT&CK:T1555.006', 0.4, true,
        'accesssecretversion$|/vaults/secrets/(getsecret/action|read)$|^secretget$'
        || '|/list(account)?keys/action$|^(get|list|watch)[._ ]secrets?$|secrets?[._](get|list)$'
        || '|(get|read|fetch|reveal|retrieve|show)[_.]?(secret|password|credential)s?(value)?$',
        null, null, false),

    -- Run code where somebody else's work runs.
    ('code', 'ATT&CK:T1651', 0.6, true,
        '^ssm:(sendcommand|startsession|resumesession|startautomationexecution'
        || '|createassociation)$|^ecs:executecommand$',
        null, null, false),
    ('code', 'ATT&CK:T1021.007', 0.65, false,
        '^ec2-instance-connect:send\w+$|^ec2:enableserialconsoleaccess$', null, null, false),
    ('code', 'ATT&CK:T1648', 0.65, true, '^lambda:updatefunctioncode$', null, null, false),
    ('code', 'ATT&CK:T1648', 0.6, true,
        '^lambda:updatefunctionconfiguration$', '"layers"\s*:\s*\[', null, false),
    ('code', 'ATT&CK:T1059.009', 0.65, false, '^ec2:modifyinstanceattribute$',
        '"userdata"\s*:', null, false),
    ('code', 'ATT&CK:T1651', 0.6, true,
        '^sagemaker:(create|update)notebookinstancelifecycleconfig$|/runcommand/action$'
        || '|/extensions/write$|/runbooks/(draft/)?write$|/runbooks/publish/action$'
        || '|pods[./](exec|attach)|setcommoninstancemetadata$',
        null, null, false),

    -- Take away: credentials, rights, members. Not a gain.
    ('removal', 'ATT&CK:T1098', 0.15, true,
        '^iam:(delete|detach|remove|update)(accesskey|loginprofile|servicespecificcredential'
        || '|signingcertificate|sshpublickey|\w*policy|role\w*|user\w*|group\w*)$'
        || '|:(remove|revoke|delete)\w*(permission|grant|policy|ingress|egress|acl)$'
        || '|(key|token|member|admin|role|permission|policy|grant|credential)s?'
        || '[._](delete|remove|revoke|destroy)d?$'
        || '|(delete|remove|revoke|detach)[._]?(api_?|access_?)?(key|token|member|collaborator'
        || '|permission|role|policy|grant|credential)s?$',
        null, null, false),
    ('credential', 'ATT&CK:T1098.001', 0.5, false, '^iam:updateaccesskey$',
        '"status"\s*:\s*"active"', null, false),

    -- Burn the bill.
    ('compute', 'ATT&CK:T1496.001', 0.9, false,
        '^ec2:(runinstances|requestspotinstances|requestspotfleet|createfleet)$',
        '"instancetype"\s*:\s*"((p[2-9]|g[3-9]|trn|inf|dl)[0-9a-z-]*\.|[a-z0-9-]+\.(metal'
        || '|(1[268]|24|32|48|96|112)xlarge))', null, false),
    ('model', 'ATT&CK:T1496.004', 0.5, false,
        '^bedrock:(putusecaseformodelaccess|createfoundationmodelagreement'
        || '|putfoundationmodelentitlement)$|^aws-marketplace:acceptagreementrequest$',
        null, null, false)
) as t (
    class,
    technique,
    strength,
    everyday,
    action_pattern,
    raw_pattern,
    raw_unless,
    outsider
)
