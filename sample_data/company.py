"""The cast: Brackwater Freight, a small forwarder in Boston, and all that acts in its accounts.

Who is who, where they work from, what they ordinarily call and when. Addresses lie in blocks of the
named kind of owner (a cloud, a CI host, a home provider), so that enrichment has something to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sample_data.dice import Dice

DOMAIN = "brackwater.example"
REGION, SPARE_REGION = "us-east-1", "us-west-2"
ACCOUNT = "614027395188"
VENDOR_ACCOUNT = "290716455302"
SSO_SUFFIX = {
    "PlatformAdmin": "5f0c2b9de7a1463d",
    "Developer": "a81e44c07d93b62f",
    "DataAnalyst": "0c97e2f15ab8d364",
    "ReadOnly": "d4b6017f8e2c953a",
}

OFFICE, NEW_OFFICE, DEPOT = "50.228.4.17", "38.140.22.9", "50.228.41.6"
NAT = ("44.192.33.18", "44.192.35.201")
MAIL_HOST, ETL_NAT = "18.209.44.27", "44.192.33.90"
PROBE_HOST, VENDOR_HOST = "35.196.10.20", "3.208.14.77"
LAMBDA_BLOCKS = ("3.80", "3.83", "34.226", "52.90", "54.172", "18.204", "44.201")
RUNNER_BLOCKS = ("20.55", "52.225", "13.68", "40.76", "4.227", "172.183", "20.1")

POOL_INSTANCE = ("i-0b7c21d94ef30a861", "i-03e9d7715ac2b4f08")

# How busy each hour (UTC) is; the office is in Boston, four hours behind.
OFFICE_HOURS = (
    0.3,
    0.2,
    0.1,
    0.05,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0.2,
    1,
    4,
    7,
    7,
    5,
    4,
    6,
    7,
    6,
    4,
    1.5,
    0.6,
)
ALL_DAY = (3, 3, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 8, 8, 9, 9, 8, 7, 5, 4)
EVEN = (1.0,) * 24
NIGHT = (0, 0, 1, 4, 6, 5, 2, 0.5, *(0.0,) * 16)


@dataclass(frozen=True, slots=True)
class Habit:
    """A call (`source:eventName`), its share of the actor's work, and what fills its slots."""

    call: str
    weight: float = 1.0
    slots: Mapping[str, str] = field(default_factory=dict)
    fails: tuple[str, float] | None = None
    """An error code and how often the call ends with it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One identity. `kind`: user, ecs, ec2, lambda, oidc, sso or external."""

    name: str
    kind: str
    per_day: float
    habits: tuple[Habit, ...]
    agents: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    hours: tuple[float, ...] = ALL_DAY
    weekend: float = 1.0
    """Share of a weekday's work done on a day of the weekend."""
    run_length: int = 0
    """Calls in one run of a job, made in the order of the habits; 0: calls at any time."""
    home: str = ""
    role: str = ""
    """A person's own network, and the permission set they sign in with."""


def h(
    call: str, weight: float = 1.0, /, *, fails: tuple[str, float] | None = None, **slots: str
) -> Habit:
    """A habit, written short."""
    return Habit(call, weight, slots, fails)


_BOTO = (
    "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#6.1.148 md/arch#x86_64 lang/python#3.12.7"
)
_NODE = "aws-sdk-js/3.873.0 ua/2.1 os/linux#6.1.148 lang/js md/nodejs#22.18.0"
_JAVA = "aws-sdk-java/2.32.11 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.148 lang/java#21.0.8"
_GO = "aws-sdk-go-v2/1.38.0 ua/2.1 os/linux lang/go#1.25.0 md/GOOS#linux md/GOARCH#amd64"
_CLI_MAC = (
    "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/macos#24.6.0 md/arch#arm64 "
    "lang/python#3.13.6 cfg/retry-mode#standard md/command#ecs.describe-services"
)
_CLI_LINUX = (
    "aws-cli/2.28.11 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0-1031 md/arch#x86_64 "
    "lang/python#3.13.6 md/distrib#ubuntu.24 cfg/retry-mode#standard"
)
_TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.1 (+https://www.terraform.io) "
    "terraform-provider-aws/6.9.0 aws-sdk-go-v2/1.38.0 ua/2.1 os/linux lang/go#1.24.6"
)
_CHROME = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/139.0.0.0 Safari/537.36"
)
_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"

_LATE = ("ThrottlingException", 0.01)

WORKLOADS = (
    Actor(
        "quote-api-task",
        "ecs",
        70,
        (
            h("dynamodb:Query", 6, table="carrier_rates"),
            h("dynamodb:GetItem", 5, table="quotes"),
            h(
                "dynamodb:PutItem",
                4,
                table="quotes",
                fails=("ConditionalCheckFailedException", 0.02),
            ),
            h("kms:Decrypt", 1, bucket="brackwater-quotes"),
            h("s3:PutObject", 2, bucket="brackwater-quotes", path="pdf/{date}/Q{n7}.pdf"),
            h("secretsmanager:GetSecretValue", 0.25, vault_item="prod/core-db/app"),
            h("ssm:GetParameter", 0.25, service="quote-api"),
        ),
        (_NODE,),
        NAT,
    ),
    Actor(
        "tracking-ingest-task",
        "ecs",
        78,
        (
            h("sqs:ReceiveMessage", 6, queue="tracking-updates"),
            h("dynamodb:UpdateItem", 7, table="shipments", fails=_LATE),
            h("s3:GetObject", 3, bucket="brackwater-edi", path="in/{port}/{date}/S{n7}.edi"),
            h("s3:PutObject", 2, bucket="brackwater-tracking", path="raw/{date}/{h12}.json"),
            h("kms:GenerateDataKey", 1),
            h("ssm:GetParameter", 0.2, service="tracking-ingest"),
        ),
        (_JAVA,),
        NAT,
    ),
    Actor(
        "rate-sync-task",
        "ecs",
        36,
        (
            h("s3:GetObject", 4, bucket="brackwater-rates", path="feeds/{port}/{date}.csv"),
            h("dynamodb:PutItem", 5, table="carrier_rates"),
            h("secretsmanager:GetSecretValue", 0.6, vault_item="prod/carriers/tokens"),
            h("ssm:GetParameter", 0.3, service="rate-sync"),
        ),
        (_BOTO + " exec-env/AWS_ECS_FARGATE",),
        NAT,
        EVEN,
    ),
    Actor(
        "label-render",
        "lambda",
        36,
        (
            h("s3:GetObject", 4, bucket="brackwater-labels", path="templates/{port}.svg"),
            h("s3:PutObject", 5, bucket="brackwater-labels", path="out/{date}/L{n8}.pdf"),
            h("logs:CreateLogStream", 1, log="/aws/lambda/label-render"),
            h("sqs:ReceiveMessage", 2, queue="label-jobs"),
        ),
        (_NODE + " exec-env/AWS_Lambda_nodejs22.x",),
    ),
    Actor(
        "carrier-webhooks",
        "lambda",
        32,
        (
            h("sqs:SendMessage", 6, queue="tracking-updates"),
            h("secretsmanager:GetSecretValue", 1, vault_item="prod/carriers/tokens"),
            h("logs:CreateLogStream", 1, log="/aws/lambda/carrier-webhooks"),
            h("dynamodb:GetItem", 3, table="shipments"),
        ),
        (_BOTO + " exec-env/AWS_Lambda_python3.12",),
    ),
    Actor(
        "dispatch-worker",
        "ec2",
        36,
        (
            h("sqs:ReceiveMessage", 6, queue="dispatch-orders"),
            h("dynamodb:UpdateItem", 4, table="shipments"),
            h(
                "s3:PutObject",
                2,
                bucket="brackwater-dispatch",
                path="manifests/{date}/{port}-{n5}.xml",
            ),
            h("ssm:UpdateInstanceInformation", 2),
            h("ec2:DescribeInstances", 0.5),
        ),
        (_GO, _GO, "amazon-ssm-agent/3.3.1611.0"),
        NAT,
        EVEN,
    ),
    Actor(
        "nightly-etl",
        "ecs",
        2,
        (
            h("athena:StartQueryExecution"),
            h("athena:GetQueryExecution"),
            h("glue:GetTable", table="shipments"),
            h("glue:GetPartitions", table="shipments"),
            h("glue:StartJobRun"),
            h("glue:GetJobRun"),
            h("glue:GetJobRun"),
            h("s3:ListObjects", bucket="brackwater-lake", prefix="shipments/dt={date}/"),
            h(
                "s3:GetObject",
                bucket="brackwater-lake",
                path="shipments/dt={date}/part-{n3}.parquet",
            ),
            h("s3:PutObject", bucket="brackwater-lake", path="lanes/dt={date}/part-{n3}.parquet"),
            h("s3:PutObject", bucket="brackwater-lake", path="lanes/dt={date}/_SUCCESS"),
            h("sns:Publish"),
        ),
        (_BOTO + " exec-env/AWS_ECS_FARGATE",),
        (ETL_NAT,),
        NIGHT,
        run_length=12,
    ),
)

AGENT_ROLES = (
    Actor(
        "agent-lanewise",
        "ecs",
        24,
        (
            h("athena:StartQueryExecution", 3),
            h("athena:GetQueryExecution", 4),
            h("athena:GetQueryResults", 3),
            h("glue:GetTable", 2),
            h(
                "s3:GetObject",
                2,
                bucket="brackwater-lake",
                path="lanes/dt={date}/part-{n3}.parquet",
            ),
            h("bedrock:Converse", 3),
        ),
        (_BOTO + " exec-env/AWS_ECS_FARGATE app/lanewise",),
        NAT,
        OFFICE_HOURS,
        0.3,
    ),
    Actor(
        "agent-yardmaster",
        "ecs",
        32,
        (
            h("logs:FilterLogEvents", 4, fails=_LATE),
            h("monitoring:GetMetricData", 4),
            h("ecs:DescribeServices", 3),
            h("ecs:ListTasks", 2),
            h("monitoring:DescribeAlarms", 2),
            h("bedrock:Converse", 3),
            h("logs:StartQuery", 1),
            h("logs:GetQueryResults", 1),
        ),
        (_BOTO + " exec-env/AWS_ECS_FARGATE app/yardmaster",),
        NAT,
        ALL_DAY,
        0.6,
    ),
    Actor(
        "agent-ledger-match",
        "lambda",
        28,
        (
            h("s3:GetObject", 4, bucket="brackwater-invoices", path="in/{date}/INV-{n6}.pdf"),
            h("dynamodb:Query", 3, table="customer_accounts"),
            h("dynamodb:GetItem", 2, table="quotes"),
            h("bedrock:InvokeModel", 3),
        ),
        (_BOTO + " exec-env/AWS_Lambda_python3.12 app/ledger-match",),
        (),
        OFFICE_HOURS,
        0.2,
    ),
)

SERVICE_USERS = (
    Actor(
        "svc-edi-gateway",
        "user",
        36,
        (
            h("s3:PutObject", 6, bucket="brackwater-edi", path="in/{port}/{date}/S{n7}.edi"),
            h("s3:GetObject", 3, bucket="brackwater-edi", path="out/{port}/{date}/A{n7}.edi"),
            h("s3:ListObjects", 3, bucket="brackwater-edi", prefix="out/"),
            h("sqs:SendMessage", 1, queue="tracking-updates"),
        ),
        (_JAVA,),
        (DEPOT,),
    ),
    Actor(
        "svc-backup",
        "user",
        2,
        (
            h("sts:GetCallerIdentity"),
            h("ec2:DescribeVolumes"),
            h("ec2:CreateSnapshot"),
            h("ec2:CreateSnapshot"),
            h("ec2:CreateSnapshot"),
            h("rds:CreateDBSnapshot"),
            h("dynamodb:CreateBackup", table="shipments"),
            h("dynamodb:CreateBackup", table="quotes"),
            h("ec2:DescribeSnapshots"),
            h("ec2:DeleteSnapshot"),
            h("ec2:CopySnapshot"),
            h("s3:PutObject", bucket="brackwater-backup", path="index/{date}.json"),
        ),
        (_CLI_LINUX,),
        (DEPOT,),
        NIGHT,
        run_length=12,
    ),
    Actor(
        "svc-metrics-export",
        "user",
        34,
        (
            h("monitoring:GetMetricData", 8),
            h("monitoring:ListMetrics", 3),
            h("monitoring:GetMetricStatistics", 2),
            h("monitoring:DescribeAlarms", 1),
        ),
        (_GO,),
        (PROBE_HOST,),
        EVEN,
    ),
    Actor(
        "svc-mailer",
        "user",
        26,
        (
            h("email:SendRawEmail", 9, fails=("MessageRejected", 0.02)),
            h("email:GetSendQuota", 1),
        ),
        ("aws-sdk-php/3.352.0 ua/2.1 OS/Linux#6.1.148 lang/php#8.4.11",),
        (MAIL_HOST,),
    ),
    Actor(
        "svc-llm-gateway",
        "user",
        36,
        (
            h("bedrock:InvokeModel", 6, fails=_LATE),
            h("bedrock:Converse", 3),
            h("bedrock:ListFoundationModels", 0.2),
        ),
        (_BOTO + " app/triage-gateway",),
        (NAT[0],),
        OFFICE_HOURS,
        0.35,
    ),
    Actor(
        "svc-warehouse-sync",
        "user",
        24,
        (
            h(
                "s3:GetObject",
                4,
                bucket="brackwater-dispatch",
                path="manifests/{date}/{port}-{n5}.xml",
            ),
            h("s3:ListObjects", 2, bucket="brackwater-dispatch", prefix="manifests/{date}/"),
            h("sqs:ReceiveMessage", 3, queue="dispatch-orders"),
        ),
        ("aws-sdk-dotnet-coreclr/3.7.500.0 ua/2.1 os/windows#10.0.17763.0 lang/.NET_Core#8.0.18",),
        (DEPOT,),
        ALL_DAY,
        0.5,
    ),
)

PIPELINES = (
    Actor(
        "ci-deploy",
        "oidc",
        4,
        (
            h("sts:GetCallerIdentity"),
            h("ecr:GetAuthorizationToken"),
            h("ecr:BatchCheckLayerAvailability"),
            h("ecr:InitiateLayerUpload"),
            h("ecr:PutImage"),
            h("ecs:DescribeTaskDefinition"),
            h("ecs:RegisterTaskDefinition"),
            h("ecs:UpdateService"),
            h("ecs:DescribeServices"),
            h("ecs:DescribeServices"),
            h("lambda:UpdateFunctionCode20150331v2"),
            h("cloudfront:CreateInvalidation"),
        ),
        (_CLI_LINUX, _NODE + " app/deploy-action"),
        (),
        OFFICE_HOURS,
        0.1,
        run_length=12,
    ),
    Actor(
        "ci-test",
        "oidc",
        7,
        (
            h("sts:GetCallerIdentity"),
            h("ecr:GetAuthorizationToken"),
            h("ecr:BatchGetImage"),
            h("s3:GetObject", bucket="brackwater-ci", path="fixtures/{service}.tar.zst"),
            h("s3:PutObject", bucket="brackwater-ci", path="reports/{date}/{h12}.xml"),
        ),
        (_CLI_LINUX,),
        (),
        OFFICE_HOURS,
        0.15,
        run_length=5,
    ),
    Actor(
        "ci-docs",
        "oidc",
        2,
        (
            h("sts:GetCallerIdentity"),
            h("s3:PutObject", bucket="brackwater-docs", path="site/{service}/index.html"),
            h("s3:PutObject", bucket="brackwater-docs", path="site/{service}/api.html"),
            h("cloudfront:CreateInvalidation"),
        ),
        (_CLI_LINUX,),
        (),
        OFFICE_HOURS,
        0.1,
        run_length=4,
    ),
    Actor(
        "terraform-deployer",
        "oidc",
        1.4,
        (
            h("sts:GetCallerIdentity"),
            h("s3:GetObject", bucket="brackwater-tfstate", path="prod/terraform.tfstate"),
            h("dynamodb:PutItem", table="tf-locks"),
            h("iam:GetRole", role="quote-api-task"),
            h("iam:GetRole", role="tracking-ingest-task"),
            h("iam:ListAttachedRolePolicies", role="rate-sync-task"),
            h("ec2:DescribeVpcs"),
            h("ec2:DescribeSubnets"),
            h("ec2:DescribeSecurityGroups"),
            h("rds:DescribeDBInstances"),
            h("kms:DescribeKey"),
            h("lambda:GetFunction20150331v2"),
            h("ecs:DescribeServices"),
            h("monitoring:PutMetricAlarm"),
            h(
                "iam:PutRolePolicy",
                role="label-render",
                policy="s3-out",
                document='{"Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}',
            ),
            h("s3:PutBucketPolicy", bucket="brackwater-labels"),
            h("ec2:CreateTags"),
            h("s3:PutObject", bucket="brackwater-tfstate", path="prod/terraform.tfstate"),
        ),
        (_TERRAFORM,),
        (),
        OFFICE_HOURS,
        0.0,
        run_length=18,
    ),
    Actor(
        "cost-scout-reader",
        "external",
        1,
        (
            h("ce:GetCostAndUsage"),
            h("ce:GetCostAndUsage"),
            h("ce:GetCostForecast"),
            h("ec2:DescribeInstances"),
            h("ec2:DescribeVolumes"),
            h("rds:DescribeDBInstances"),
            h("organizations:DescribeOrganization", fails=("AccessDenied", 1.0)),
            h("monitoring:GetMetricData"),
            h("autoscaling:DescribeAutoScalingGroups"),
        ),
        (_BOTO,),
        (VENDOR_HOST,),
        NIGHT,
        run_length=9,
    ),
)

_LOOK = (
    h("ec2:DescribeInstances", 2),
    h("ecs:DescribeServices", 3),
    h("logs:FilterLogEvents", 3),
    h("monitoring:GetMetricData", 3),
    h("s3:ListBuckets", 1),
    h("monitoring:DescribeAlarms", 2),
    h("logs:DescribeLogGroups", 1),
    h("health:DescribeEventAggregates", 1),
)
_BUILD = (
    *_LOOK,
    h("ecs:ListTasks", 2),
    h("lambda:ListFunctions20150331", 1),
    h("dynamodb:DescribeTable", 1),
    h("dynamodb:Query", 1, table="quotes"),
    h("lambda:GetFunction20150331v2", 1),
    h("sqs:GetQueueAttributes", 1),
    h(
        "secretsmanager:GetSecretValue",
        0.15,
        vault_item="prod/core-db/app",
        fails=("AccessDenied", 1.0),
    ),
)
_RUN = (
    *_BUILD,
    h("ecs:UpdateService", 1),
    h("ssm:StartSession", 0.5),
    h("iam:GetRole", 1, role="ci-test"),
    h("iam:ListRoles", 0.5),
    h("ec2:DescribeSecurityGroups", 1),
    h("cloudtrail:LookupEvents", 0.5),
    h("elasticloadbalancing:DescribeTargetHealth", 1),
    h("ecs:DescribeTasks", 1),
    h("secretsmanager:DescribeSecret", 0.3),
)
_ANALYSE = (
    h("athena:StartQueryExecution", 4),
    h("athena:GetQueryExecution", 5),
    h("athena:GetQueryResults", 4),
    h("glue:GetTable", 2),
    h("s3:ListBuckets", 1),
    h("s3:GetObject", 2, bucket="brackwater-lake", path="lanes/dt={date}/part-{n3}.parquet"),
)


def _person(
    name: str,
    role: str,
    per_day: float,
    habits: tuple[Habit, ...],
    home: str,
    agents: tuple[str, ...],
) -> Actor:
    return Actor(
        f"{name}@{DOMAIN}",
        "sso",
        per_day,
        habits,
        agents,
        (),
        OFFICE_HOURS,
        0.04,
        home=home,
        role=role,
    )


PEOPLE = (
    _person("maren.ostby", "PlatformAdmin", 24, _RUN, "73.219.8.3", (_CLI_MAC, _CHROME)),
    _person("tobias.renn", "PlatformAdmin", 22, _RUN, "96.237.4.41", (_CLI_MAC, _CHROME)),
    _person("devon.park", "Developer", 16, _BUILD, "24.60.11.4", (_CHROME, _CLI_MAC)),
    _person("lucia.ferraro", "Developer", 15, _BUILD, "71.174.1.93", (_CLI_LINUX, _FIREFOX)),
    _person("hamza.qadri", "Developer", 13, _BUILD, "66.31.20.48", (_CHROME, _CLI_MAC)),
    _person("ines.caldeira", "DataAnalyst", 18, _ANALYSE, "108.26.4.22", (_FIREFOX, _CLI_MAC)),
    _person("graham.tull", "ReadOnly", 6, _LOOK, "98.169.20.3", (_CHROME,)),
    _person("oscar.lindqvist", "ReadOnly", 5, _LOOK, "73.100.4.2", (_CHROME,)),
)

CAST: tuple[Actor, ...] = (*WORKLOADS, *AGENT_ROLES, *SERVICE_USERS, *PIPELINES, *PEOPLE)


def actor(name: str) -> Actor:
    """The one of the cast with this name."""
    return next(each for each in CAST if each.name == name)


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account with its own ids for every actor. The first holds the stories."""

    seed: int
    number: int
    id: str
    unique: Mapping[str, str]
    """By actor: what is unique about it in principal ids, 17 characters."""
    keys: Mapping[str, str]
    """By service user: its long-lived key."""

    def sso_role(self, permission_set: str) -> str:
        return f"AWSReservedSSO_{permission_set}_{SSO_SUFFIX[permission_set]}"

    def role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.id}:role/{name}"

    def user_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.id}:user/{name}"


def account(seed: int, number: int) -> Account:
    """The company's account `number`; 0 is the one that stories happen in."""
    dice = Dice(seed, number, 11)
    shift = str(int(ACCOUNT) + 7_340_021 * number)
    return Account(
        seed,
        number,
        shift,
        {each.name: dice.capitals(17) for each in CAST},
        {each.name: "AKIA" + dice.capitals(16) for each in SERVICE_USERS},
    )
