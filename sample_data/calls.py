"""The AWS calls that the company makes, with the parts of a record that depend on the call.

Texts may hold slots in braces. A slot is filled from the actor's habit, else from `POOLS`, else
drawn: `n6` is six digits, `h8` eight hex characters, `date` the day, `account` the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sample_data.dice import Dice


@dataclass(frozen=True, slots=True)
class Call:
    """One API operation. `resource` is (type, ARN); `data` marks a data event."""

    source: str
    name: str
    read: bool
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    resource: tuple[str, str] | None = None
    data: bool = False
    extra: Mapping[str, Any] | None = None


POOLS: dict[str, tuple[str, ...]] = {
    "cluster": ("freight-prod",),
    "service": ("quote-api", "tracking-ingest", "rate-sync", "customs-forms"),
    "function": ("label-render", "carrier-webhooks", "eta-refresh", "manifest-split"),
    "instance": ("i-0b7c21d94ef30a861", "i-03e9d7715ac2b4f08", "i-0f4416ab8803cd5e2"),
    "volume": ("vol-0a41f7be2290dd113", "vol-07cc8d5e41b6f2098", "vol-0de2274a95b81c3f0"),
    "key": ("6b1f3c52-77d0-4e0a-9a3e-20c4de1f88b7", "e2a0945d-1c3b-4f6d-8b7e-5590aa3cd714"),
    "database": ("freight-core",),
    "table": ("shipments", "quotes", "carrier_rates", "customer_accounts"),
    "log": (
        "/ecs/quote-api",
        "/ecs/tracking-ingest",
        "/aws/lambda/label-render",
        "/aws/lambda/carrier-webhooks",
    ),
    "queue": ("label-jobs", "tracking-updates", "dispatch-orders"),
    "vault_item": ("prod/core-db/app", "prod/carriers/tokens", "prod/mail/smtp"),
    "metric": ("CPUUtilization", "MemoryUtilization", "RequestCount", "QueueDepth", "Latency"),
    "namespace": ("AWS/ECS", "AWS/RDS", "AWS/SQS", "AWS/Lambda", "Freight/Quotes"),
    "model": (
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.amazon.nova-pro-v1:0",
    ),
    "port": ("bos", "nyc", "lax", "sav", "sea", "hou", "rtm", "ant", "sin"),
    "repository": ("quote-api", "tracking-ingest", "rate-sync", "customs-forms"),
}

_OBJECT = ("AWS::S3::Object", "arn:aws:s3:::{bucket}/{path}")
_KEY = ("AWS::KMS::Key", "arn:aws:kms:{region}:{account}:key/{key}")
_TABLE = ("AWS::DynamoDB::Table", "arn:aws:dynamodb:{region}:{account}:table/{table}")
_FUNCTION = ("AWS::Lambda::Function", "arn:aws:lambda:{region}:{account}:function:{function}")
_SECRET = (
    "AWS::SecretsManager::Secret",
    "arn:aws:secretsmanager:{region}:{account}:secret:{vault_item}",
)
_TARGETS = "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{service}/73e2d6bc24d8a067"
_BUCKET_SIZE = {"bytesTransferredIn": 0, "bytesTransferredOut": "#6"}


def _object(name: str, *, read: bool) -> Call:
    return Call(
        "s3",
        name,
        read,
        {"bucketName": "{bucket}", "Host": "{bucket}.s3.amazonaws.com", "key": "{path}"},
        None,
        _OBJECT,
        data=True,
        extra=_BUCKET_SIZE,
    )


def _role_call(name: str, **request: str) -> Call:
    return Call("iam", name, False, {"roleName": "{role}", **request})


_ALL = (
    _object("GetObject", read=True),
    _object("PutObject", read=False),
    Call(
        "s3",
        "ListObjects",
        True,
        {"bucketName": "{bucket}", "prefix": "{prefix}", "list-type": "2"},
        None,
        ("AWS::S3::Bucket", "arn:aws:s3:::{bucket}"),
        data=True,
    ),
    Call("s3", "ListBuckets", True, {"Host": "s3.amazonaws.com"}),
    Call("s3", "GetBucketAcl", True, {"bucketName": "{bucket}", "acl": ""}),
    Call("s3", "PutBucketPolicy", False, {"bucketName": "{bucket}", "policy": ""}),
    Call(
        "dynamodb",
        "GetItem",
        True,
        {"tableName": "{table}", "key": {"id": "{n8}"}},
        None,
        _TABLE,
        data=True,
    ),
    Call(
        "dynamodb",
        "PutItem",
        False,
        {"tableName": "{table}", "key": {"id": "{n8}"}},
        None,
        _TABLE,
        data=True,
    ),
    Call(
        "dynamodb",
        "UpdateItem",
        False,
        {"tableName": "{table}", "key": {"id": "{n8}"}},
        None,
        _TABLE,
        data=True,
    ),
    Call("dynamodb", "Query", True, {"tableName": "{table}", "limit": 50}, None, _TABLE, data=True),
    Call("dynamodb", "Scan", True, {"tableName": "{table}"}, None, _TABLE, data=True),
    Call("dynamodb", "DescribeTable", True, {"tableName": "{table}"}),
    Call("dynamodb", "CreateBackup", False, {"tableName": "{table}", "backupName": "n-{date}"}),
    Call(
        "kms",
        "Decrypt",
        True,
        {
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::{bucket}"},
        },
        None,
        _KEY,
    ),
    Call("kms", "GenerateDataKey", True, {"keyId": "{key}", "keySpec": "AES_256"}, None, _KEY),
    Call("kms", "ListAliases", True, None),
    Call("kms", "DescribeKey", True, {"keyId": "{key}"}, None, _KEY),
    Call("kms", "CreateGrant", False, {"keyId": "{key}", "operations": ["Decrypt"]}, None, _KEY),
    Call("secretsmanager", "GetSecretValue", True, {"secretId": "{vault_item}"}, None, _SECRET),
    Call("secretsmanager", "ListSecrets", True, {"maxResults": 100}),
    Call("secretsmanager", "DescribeSecret", True, {"secretId": "{vault_item}"}, None, _SECRET),
    Call(
        "ssm", "GetParameter", True, {"name": "/freight/{service}/config", "withDecryption": True}
    ),
    Call("ssm", "GetParametersByPath", True, {"path": "/freight/", "recursive": True}),
    Call("ssm", "StartSession", False, {"target": "{instance}"}, {"sessionId": "sso-{h16}"}),
    Call(
        "ssm",
        "UpdateInstanceInformation",
        False,
        {"instanceId": "{instance}", "agentVersion": "3.3.1611.0", "agentStatus": "Active"},
    ),
    Call(
        "sqs",
        "SendMessage",
        False,
        {"queueUrl": "https://sqs.{region}.amazonaws.com/{account}/{queue}"},
        {"messageId": "{uuid}"},
        ("AWS::SQS::Queue", "arn:aws:sqs:{region}:{account}:{queue}"),
        data=True,
    ),
    Call(
        "sqs",
        "ReceiveMessage",
        True,
        {
            "queueUrl": "https://sqs.{region}.amazonaws.com/{account}/{queue}",
            "maxNumberOfMessages": 10,
        },
        None,
        ("AWS::SQS::Queue", "arn:aws:sqs:{region}:{account}:{queue}"),
        data=True,
    ),
    Call(
        "sqs",
        "GetQueueAttributes",
        True,
        {"queueUrl": "https://sqs.{region}.amazonaws.com/{account}/{queue}"},
    ),
    Call("sqs", "CreateQueue", False, {"queueName": "{queue}"}),
    Call("events", "PutEvents", False, {"entries": [{"eventBusName": "freight-bus"}]}),
    Call("events", "PutRule", False, {"name": "{service}-on-update"}),
    Call(
        "sns",
        "Publish",
        False,
        {"topicArn": "arn:aws:sns:{region}:{account}:ops-pages"},
        {"messageId": "{uuid}"},
    ),
    Call(
        "email",
        "SendRawEmail",
        False,
        {"source": "no-reply@brackwater.example"},
        {"messageId": "{h24}"},
    ),
    Call("email", "GetSendQuota", True, None),
    Call("monitoring", "GetMetricData", True, {"startTime": "{date}T00:00:00Z"}),
    Call("monitoring", "ListMetrics", True, {"namespace": "{namespace}"}),
    Call(
        "monitoring",
        "GetMetricStatistics",
        True,
        {"namespace": "{namespace}", "metricName": "{metric}", "period": 300},
    ),
    Call("monitoring", "PutMetricAlarm", False, {"alarmName": "{service}-{metric}"}),
    Call("monitoring", "DescribeAlarms", True, {"maxRecords": 100}),
    Call("logs", "FilterLogEvents", True, {"logGroupName": "{log}", "limit": 200}),
    Call("logs", "StartQuery", True, {"logGroupNames": ["{log}"]}, {"queryId": "{uuid}"}),
    Call("logs", "GetQueryResults", True, {"queryId": "{uuid}"}),
    Call("logs", "CreateLogStream", False, {"logGroupName": "{log}", "logStreamName": "{h12}"}),
    Call("logs", "DescribeLogGroups", True, {"limit": 50}),
    Call("ecs", "DescribeServices", True, {"cluster": "{cluster}", "services": ["{service}"]}),
    Call("ecs", "ListTasks", True, {"cluster": "{cluster}", "serviceName": "{service}"}),
    Call("ecs", "DescribeTasks", True, {"cluster": "{cluster}", "tasks": ["{h32}"]}),
    Call("ecs", "DescribeTaskDefinition", True, {"taskDefinition": "{service}"}),
    Call("ecs", "RegisterTaskDefinition", False, {"family": "{service}"}),
    Call("ecs", "UpdateService", False, {"cluster": "{cluster}", "service": "{service}"}),
    Call("ecs", "RunTask", False, {"cluster": "{cluster}", "taskDefinition": "{service}"}),
    Call("ecr", "GetAuthorizationToken", True, {}),
    Call("ecr", "BatchCheckLayerAvailability", True, {"repositoryName": "{repository}"}),
    Call("ecr", "BatchGetImage", True, {"repositoryName": "{repository}"}),
    Call("ecr", "InitiateLayerUpload", False, {"repositoryName": "{repository}"}),
    Call("ecr", "PutImage", False, {"repositoryName": "{repository}", "imageTag": "{h7}"}),
    Call("lambda", "Invoke", False, {"functionName": "{function}"}, None, _FUNCTION, data=True),
    Call("lambda", "UpdateFunctionCode20150331v2", False, {"functionName": "{function}"}),
    Call("lambda", "GetFunction20150331v2", True, {"functionName": "{function}"}),
    Call("lambda", "ListFunctions20150331", True, None),
    Call(
        "lambda",
        "CreateFunction20150331",
        False,
        {"functionName": "{function}", "role": "arn:aws:iam::{account}:role/{role}"},
    ),
    Call("cloudfront", "CreateInvalidation", False, {"distributionId": "E2QK7RB0V9W1XN"}),
    Call("ec2", "DescribeInstances", True, {"instancesSet": {}, "filterSet": {}}),
    Call("ec2", "DescribeVolumes", True, {"volumeSet": {}, "filterSet": {}}),
    Call("ec2", "DescribeSnapshots", True, {"ownersSet": {"items": [{"owner": "self"}]}}),
    Call("ec2", "DescribeSecurityGroups", True, {"securityGroupSet": {}}),
    Call("ec2", "DescribeVpcs", True, {"vpcSet": {}}),
    Call("ec2", "DescribeSubnets", True, {"subnetSet": {}}),
    Call(
        "ec2",
        "CreateSnapshot",
        False,
        {"volumeId": "{volume}"},
        {"snapshotId": "snap-{h17}", "status": "pending"},
    ),
    Call("ec2", "DeleteSnapshot", False, {"snapshotId": "snap-{h17}"}),
    Call(
        "ec2",
        "CopySnapshot",
        False,
        {"sourceSnapshotId": "snap-{h17}", "sourceRegion": "us-east-1"},
    ),
    Call("ec2", "CreateTags", False, {"resourcesSet": {"items": [{"resourceId": "{instance}"}]}}),
    Call("rds", "DescribeDBInstances", True, {"dBInstanceIdentifier": "{database}"}),
    Call(
        "rds",
        "CreateDBSnapshot",
        False,
        {"dBInstanceIdentifier": "{database}", "dBSnapshotIdentifier": "nightly-{date}"},
    ),
    Call("rds", "DescribeDBSnapshots", True, {"dBInstanceIdentifier": "{database}"}),
    Call(
        "athena",
        "StartQueryExecution",
        False,
        {"workGroup": "analytics"},
        {"queryExecutionId": "{uuid}"},
    ),
    Call("athena", "GetQueryExecution", True, {"queryExecutionId": "{uuid}"}),
    Call("athena", "GetQueryResults", True, {"queryExecutionId": "{uuid}"}),
    Call("glue", "GetTable", True, {"databaseName": "freight_lake", "name": "{table}"}),
    Call("glue", "GetPartitions", True, {"databaseName": "freight_lake", "tableName": "{table}"}),
    Call("glue", "StartJobRun", False, {"jobName": "lanes-nightly"}, {"jobRunId": "jr_{h32}"}),
    Call("glue", "GetJobRun", True, {"jobName": "lanes-nightly"}),
    Call(
        "bedrock",
        "InvokeModel",
        True,
        {"modelId": "{model}"},
        None,
        None,
        data=False,
        extra={"inputTokens": "#4", "outputTokens": "#3"},
    ),
    Call(
        "bedrock",
        "Converse",
        True,
        {"modelId": "{model}"},
        None,
        None,
        data=False,
        extra={"inputTokens": "#4", "outputTokens": "#3"},
    ),
    Call("bedrock", "ListFoundationModels", True, None),
    Call("iam", "GetRole", True, {"roleName": "{role}"}),
    Call("iam", "ListRoles", True, None),
    Call("iam", "ListUsers", True, None),
    Call("iam", "GetUser", True, None),
    Call("iam", "ListAttachedRolePolicies", True, {"roleName": "{role}"}),
    Call("iam", "ListRolePolicies", True, {"roleName": "{role}"}),
    Call("iam", "GetAccountSummary", True, None),
    Call("iam", "ListAccessKeys", True, {"userName": "{user}"}),
    _role_call("PutRolePolicy", policyName="{policy}", policyDocument="{document}"),
    _role_call("AttachRolePolicy", policyArn="{policy_arn}"),
    Call(
        "iam",
        "CreatePolicyVersion",
        False,
        {
            "policyArn": "arn:aws:iam::{account}:policy/{policy}",
            "policyDocument": "{document}",
            "setAsDefault": True,
        },
    ),
    Call(
        "iam",
        "CreateAccessKey",
        False,
        {"userName": "{user}"},
        {"accessKey": {"userName": "{user}", "accessKeyId": "{new_key}", "status": "Active"}},
    ),
    Call(
        "iam",
        "UpdateAccessKey",
        False,
        {"userName": "{user}", "accessKeyId": "{old_key}", "status": "Inactive"},
    ),
    Call("sts", "GetCallerIdentity", True, None),
    Call("ce", "GetCostAndUsage", True, {"granularity": "DAILY"}),
    Call("ce", "GetCostForecast", True, {"granularity": "MONTHLY"}),
    Call("organizations", "DescribeOrganization", True, None),
    Call("cloudtrail", "LookupEvents", True, {"maxResults": 50}),
    Call("config", "PutEvaluations", False, {"testMode": False}),
    Call("autoscaling", "DescribeAutoScalingGroups", True, {"maxRecords": 100}),
    Call(
        "elasticloadbalancing",
        "DescribeTargetHealth",
        True,
        {"targetGroupArn": _TARGETS},
    ),
    Call(
        "elasticloadbalancing",
        "RegisterTargets",
        False,
        {"targetGroupArn": _TARGETS},
    ),
    Call("health", "DescribeEventAggregates", True, {"aggregateField": "eventTypeCategory"}),
)

CALLS: dict[str, Call] = {f"{call.source}:{call.name}": call for call in _ALL}
"""By `source:eventName`, as CloudTrail spells both."""


class Slots(dict[str, str]):
    """Fills the braces of a text: from the habit, the pools, or drawn by the slot's name."""

    def __init__(
        self,
        dice: Dice,
        known: Mapping[str, str],
        pools: Mapping[str, tuple[str, ...]] = POOLS,
    ) -> None:
        super().__init__(known)
        self.dice = dice
        self.pools = pools

    def __missing__(self, name: str) -> str:
        if name == "uuid":
            return self.dice.uuid()
        kind, size = name[0], name[1:]
        if kind in "nh" and size.isdigit():
            return (self.dice.digits if kind == "n" else self.dice.hex)(int(size))
        # `news2` is another draw from the pool of `news`.
        pool = self.pools[name] if name in self.pools else self.pools[name.rstrip("0123456789")]
        # Kept, so that one record speaks of one thing: its request and its resource agree.
        self[name] = filled(self.dice.one(pool), self)
        return self[name]


def filled(value: Any, slots: Slots) -> Any:
    """`value` with every slot filled, through objects and lists; `#4` is a number of 4 digits."""
    if isinstance(value, str):
        if value.startswith("#"):
            return 10 ** (int(value[1:]) - 1) + slots.dice.below(9 * 10 ** (int(value[1:]) - 1))
        while "{" in value and not value.startswith('{"'):
            value = value.format_map(slots)
        return value
    if isinstance(value, Mapping):
        return {key: filled(inner, slots) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, slots) for inner in value]
    return value
