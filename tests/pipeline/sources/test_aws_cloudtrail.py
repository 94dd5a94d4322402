"""Native records in, literal rows out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import SELECTED
from pipeline.sources.aws_cloudtrail import SOURCE

ACCOUNT = "111122223333"
Record = dict[str, Any]
Contract = Callable[[pl.DataFrame], None]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone='UTC'")
    return con


def parse(*records: Any) -> pl.DataFrame:
    """What the source's SELECT makes of these records; text is taken as it is."""
    texts = [r if isinstance(r, str) else json.dumps(r) for r in records]
    table = pa.table(
        {
            "record": pa.array(range(len(texts)), pa.int64()),
            "raw": pa.array(texts, pa.string()),
        }
    )
    con = _connection()
    con.register("records", table)
    return con.sql(SOURCE.select).pl().sort("record")


def event(**over: Any) -> Record:
    """A record as S3 delivers it: a user lists buckets."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/backup",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIAEXAMPLE1",
            "userName": "backup",
        },
        "eventTime": "2026-03-02T10:20:30Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.0",
        "requestParameters": None,
        "responseElements": None,
        "eventID": "e-1",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **over,
    }


def session(role: str, name: str, *, path: str = "", **context: Any) -> Record:
    """The userIdentity of a role session."""
    attributes = {"creationDate": "2026-03-02T10:00:00Z", "mfaAuthenticated": "false"}
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLE1",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": attributes,
            **context,
        },
    }


def one(**over: Any) -> Record:
    """The row of one record; it must have no problem."""
    row = parse(event(**over)).row(0, named=True)
    assert row["problem"] is None
    return row


def test_an_event_becomes_a_row() -> None:
    assert one() == {
        **dict.fromkeys(SELECTED.names),
        "event_id": "e-1",
        "event_time": datetime(2026, 3, 2, 10, 20, 30, tzinfo=timezone.utc),
        "record": 0,
        "identity_id": f"arn:aws:iam::{ACCOUNT}:user/backup",
        "identity_name": "backup",
        "identity_kind": "service_account",
        "credential_id": "AKIAEXAMPLE1",
        "credential_kind": "long_lived_key",
        "action": "s3:ListBuckets",
        "service": "s3",
        "account_id": ACCOUNT,
        "region": "eu-west-1",
        "outcome": "success",
        "source_ip": "198.51.100.7",
        "user_agent": "aws-cli/2.15.0",
        "read_only": True,
        "raw": None,  # the record as it came
    }


def test_columns_are_those_of_the_contract() -> None:
    assert set(parse(event()).columns) == set(SELECTED.names)


ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
STS = f"arn:aws:sts::{ACCOUNT}:assumed-role/"
GITHUB = "token.actions.githubusercontent.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
SSO = "AWSReservedSSO_Admin_0123456789abcdef"
MFA = {"attributes": {"creationDate": "2026-03-02T10:00:00Z", "mfaAuthenticated": "true"}}

IDENTITIES: dict[str, tuple[Record, tuple[str, str, str | None]]] = {
    "user without ARN": (
        {"type": "IAMUser", "accountId": ACCOUNT, "userName": "ci"},
        (f"arn:aws:iam::{ACCOUNT}:user/ci", "service_account", None),
    ),
    "user by principal only": (
        {"type": "IAMUser", "accountId": ACCOUNT, "principalId": "AIDA1"},
        (f"{ACCOUNT}:AIDA1", "service_account", None),
    ),
    "user with MFA": (
        {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/eve", "sessionContext": MFA},
        (f"arn:aws:iam::{ACCOUNT}:user/eve", "human", None),
    ),
    "Bedrock API key": (
        {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/BedrockAPIKey-ab12",
            "userName": "BedrockAPIKey-ab12",
        },
        (f"arn:aws:iam::{ACCOUNT}:user/BedrockAPIKey-ab12", "service_account", None),
    ),
    "root": (
        {"type": "Root", "accountId": ACCOUNT, "principalId": ACCOUNT},
        (f"arn:aws:iam::{ACCOUNT}:root", "human", None),
    ),
    "role": (session("deploy", "run-17"), (ROLE + "deploy", "service_account", None)),
    "role with a path": (
        session("deploy", "run-17", path="ci/"),
        (ROLE + "ci/deploy", "service_account", None),
    ),
    "role by assumed-role ARN only": (
        {"type": "AssumedRole", "arn": STS + "deploy/run-17"},
        (ROLE + "deploy", "service_account", None),
    ),
    "role without a type": (
        {"arn": STS + "deploy/run-17"},
        (ROLE + "deploy", "service_account", None),
    ),
    "role by its id only": (
        {"type": "AssumedRole", "accountId": ACCOUNT, "principalId": "AROA1:x"},
        (f"{ACCOUNT}:AROA1", "service_account", None),
    ),
    "role by its id without a type": (
        {"accountId": ACCOUNT, "principalId": "AROA1:x"},
        (f"{ACCOUNT}:AROA1", "service_account", None),
    ),
    "role in China": (
        {"type": "AssumedRole", "arn": "arn:aws-cn:iam::1:role/a", "accountId": "1"},
        ("arn:aws-cn:iam::1:role/a", "service_account", None),
    ),
    "EC2 instance": (session("web", "i-0123456789abcdef0"), (ROLE + "web", "workload", None)),
    "no EC2 instance by its looks": (
        session("web", "my-i-0123456789abcdef0"),
        (ROLE + "web", "service_account", None),
    ),
    "instance credentials": (
        session("web", "anything", ec2RoleDelivery="2.0"),
        (ROLE + "web", "workload", None),
    ),
    "Lambda function": (
        {
            **session("thumbnails", "resize"),
            "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": "arn:x"},
        },
        (ROLE + "thumbnails", "workload", None),
    ),
    "role made for a service": (
        session("job", "nightly", path="service-role/"),
        (ROLE + "service-role/job", "workload", None),
    ),
    "ECS task": (
        session("task", "0123456789abcdef0123456789abcdef"),
        (ROLE + "task", "workload", None),
    ),
    "EKS pod": (
        session(
            "pod",
            "botocore-session-1",
            webIdFederationData={
                "federatedProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{EKS}",
                "attributes": {f"{EKS}:sub": "system:serviceaccount:shop:cart"},
            },
        ),
        (ROLE + "pod", "workload", "system:serviceaccount:shop:cart"),
    ),
    "CI job": (
        session(
            "ci",
            "GitHubActions",
            webIdFederationData={
                "federatedProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}",
                "attributes": {f"{GITHUB}:sub": "repo:org/shop:ref:refs/heads/main"},
            },
        ),
        (ROLE + "ci", "service_account", "repo:org/shop:ref:refs/heads/main"),
    ),
    "agent in AWS's runtime": (
        {
            **session("helper", "x"),
            "inScopeOf": {"issuerType": "AWS::BedrockAgentCore::Runtime"},
        },
        (ROLE + "helper", "agent", None),
    ),
    "Identity Center person": (
        session(SSO, "jo@example.com", path="aws-reserved/sso.amazonaws.com/eu-west-1/"),
        (STS + f"{SSO}/jo@example.com", "human", None),
    ),
    "Identity Center person without e-mail": (
        session(SSO, "jo"),
        (STS + f"{SSO}/jo", "human", None),
    ),
    "federated person": (session("dev", "jo@a.io"), (STS + "dev/jo@a.io", "human", None)),
    "machine with an e-mail": (
        session("dev", "bot@p.iam.gserviceaccount.com"),
        (ROLE + "dev", "service_account", None),
    ),
    "person with MFA": (session("dev", "jo", **MFA), (STS + "dev/jo", "human", None)),
    "person with MFA under an SDK's name": (
        session("dev", "botocore-session-1700000000", **MFA),
        (ROLE + "dev", "human", None),
    ),
    "session passed on": (
        session("dev", "step", sourceIdentity="jo"),
        (ROLE + "dev", "service_account", "jo"),
    ),
    "service-linked role": (
        {
            **session(
                "AWSServiceRoleForAutoScaling",
                "AutoScaling",
                path="aws-service-role/autoscaling.amazonaws.com/",
            ),
            "invokedBy": "autoscaling.amazonaws.com",
        },
        (
            ROLE + "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            "cloud_service",
            "autoscaling.amazonaws.com",
        ),
    ),
    "role through a service": (
        {**session("deploy", "run-17"), "invokedBy": "cloudformation.amazonaws.com"},
        (ROLE + "deploy", "service_account", "cloudformation.amazonaws.com"),
    ),
    "service": (
        {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"},
        ("lambda.amazonaws.com", "cloud_service", None),
    ),
    "service with an ARN": (
        {"type": "AWSService", "arn": ROLE + "x", "invokedBy": "lambda.amazonaws.com"},
        ("lambda.amazonaws.com", "cloud_service", None),
    ),
    "AWS itself": (
        {"type": "AWSService", "invokedBy": "AWS Internal"},
        ("s3.amazonaws.com", "cloud_service", None),
    ),
    "service without a type": (
        {"accountId": ACCOUNT, "invokedBy": "ec2.amazonaws.com"},
        ("ec2.amazonaws.com", "cloud_service", None),
    ),
    "federated user": (
        {
            "type": "FederatedUser",
            "principalId": f"{ACCOUNT}:shop",
            "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/shop",
            "sessionContext": {
                "sessionIssuer": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/broker"}
            },
        },
        (
            f"arn:aws:sts::{ACCOUNT}:federated-user/shop",
            "service_account",
            f"arn:aws:iam::{ACCOUNT}:user/broker",
        ),
    ),
    "web identity of a CI job": (
        {
            "type": "WebIdentityUser",
            "principalId": "arn:...:sts.amazonaws.com:repo:org/shop:ref:refs/heads/main",
            "userName": "repo:org/shop:ref:refs/heads/main",
            "identityProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}",
        },
        (f"{GITHUB}/repo:org/shop", "service_account", None),
    ),
    "web identity of a pod": (
        {
            "type": "WebIdentityUser",
            "userName": "system:serviceaccount:shop:cart",
            "identityProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{EKS}",
        },
        (f"{EKS}/system:serviceaccount:shop:cart", "workload", None),
    ),
    "web identity of a person": (
        {
            "type": "WebIdentityUser",
            "userName": "1234",
            "identityProvider": "accounts.google.com",
        },
        ("accounts.google.com/1234", "human", None),
    ),
    "SAML user": (
        {"type": "SAMLUser", "principalId": "hash=:jo", "userName": "jo"},
        ("hash=:jo", "human", None),
    ),
    "Identity Center user": (
        {
            "type": "IdentityCenterUser",
            "accountId": ACCOUNT,
            "onBehalfOf": {
                "userId": "u-1",
                "identityStoreArn": f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-1",
            },
            "credentialId": "cred-1",
        },
        (f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-1/u-1", "human", None),
    ),
    "role for an Identity Center user": (
        {**session("query", "x"), "onBehalfOf": {"userId": "u-1", "identityStoreArn": "arn:s"}},
        (ROLE + "query", "service_account", "u-1"),
    ),
    "other account's role": (
        {"type": "AWSAccount", "principalId": "AROA9:them", "accountId": "999988887777"},
        ("999988887777:AROA9", "service_account", None),
    ),
    "other account": (
        {"type": "AWSAccount", "accountId": "999988887777"},
        ("999988887777", "unknown", None),
    ),
    "anonymous": (
        {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
        ("anonymous", "anonymous", None),
    ),
    "unknown": ({"type": "Unknown"}, ("unknown", "unknown", None)),
    "empty": ({}, ("unknown", "unknown", None)),
    "type of tomorrow": (
        {"type": "Robot", "accountId": ACCOUNT, "principalId": "R2"},
        (f"{ACCOUNT}:R2", "unknown", None),
    ),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_who_acted(case: str) -> None:
    identity, expected = IDENTITIES[case]
    row = one(userIdentity=identity)
    assert (row["identity_id"], row["identity_kind"], row["on_behalf_of"]) == expected


def test_a_role_of_no_known_account_is_its_id_without_the_session() -> None:
    identity = {"type": "AssumedRole", "principalId": "AROA1:run-17"}
    assert one(userIdentity=identity, recipientAccountId=None)["identity_id"] == "AROA1"


@pytest.mark.parametrize("identity", [None, "text", 7, [], [1], True])
def test_an_identity_of_a_wrong_type_is_unknown(identity: object) -> None:
    row = one(userIdentity=identity)
    assert (row["identity_id"], row["identity_kind"]) == ("unknown", "unknown")


def test_a_service_event_without_identity_is_the_service() -> None:
    row = one(userIdentity=None, eventType="AwsServiceEvent", eventSource="kms.amazonaws.com")
    assert (row["identity_id"], row["identity_kind"]) == ("kms.amazonaws.com", "cloud_service")


def test_an_insight_is_no_action_of_the_one_it_is_about() -> None:
    record = event(
        eventType="AwsCloudTrailInsight",
        userIdentity=None,
        insightDetails={"insightType": "ApiCallRateInsight", "eventName": "RunInstances"},
    )
    del record["eventName"], record["eventSource"]
    row = parse(record).row(0, named=True)
    assert row["problem"] is None
    assert row["action"] == "cloudtrail:ApiCallRateInsight"
    assert row["identity_id"] == "cloudtrail.amazonaws.com"
    assert row["outcome"] == "unknown"


def test_a_role_is_one_identity_over_sessions() -> None:
    rows = parse(
        event(eventID="1", userIdentity=session("etl", "aws-go-sdk-1722375070115152000")),
        event(eventID="2", userIdentity=session("etl", "aws-go-sdk-1722375070115152999")),
    )
    assert rows["identity_id"].n_unique() == 1
    assert rows["session_id"].n_unique() == 2


def test_what_a_caller_says_of_itself_does_not_move_its_identity() -> None:
    quiet = one(userIdentity=session("etl", "nightly"))
    loud = one(
        userIdentity=session("etl", "nightly"),
        userAgent="console.amazonaws.com",
        sourceIPAddress="203.0.113.9",
    )
    assert loud["identity_id"] == quiet["identity_id"]
    assert loud["identity_kind"] == quiet["identity_kind"] == "service_account"


def test_a_role_in_the_console_stays_the_role_but_is_used_by_a_human() -> None:
    row = one(userIdentity=session("admin", "jo"), sessionCredentialFromConsole="true")
    assert (row["identity_id"], row["identity_kind"]) == (ROLE + "admin", "human")
    assert row["on_behalf_of"] == "jo"


def test_an_instance_in_the_console_stays_a_workload() -> None:
    stolen = session("web", "i-0123456789abcdef0")
    row = one(userIdentity=stolen, sessionCredentialFromConsole="true")
    assert (row["identity_id"], row["identity_kind"]) == (ROLE + "web", "workload")


def test_a_session_tells_its_credential() -> None:
    row = one(userIdentity=session("etl", "nightly"))
    assert row["session_id"] == "AROAEXAMPLE:nightly"
    assert (row["credential_id"], row["credential_kind"]) == ("ASIAEXAMPLE1", "session_token")
    assert row["credential_issued_at"] == datetime(2026, 3, 2, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize("field", ["accessKeyId", "credentialId"])
@pytest.mark.parametrize(
    "secret", ["ABSKQmVkcm9ja0FQSUtleS0x", "Bearer ey.x.y", "a/b+c=", "x" * 200]
)
def test_a_secret_in_place_of_a_keys_id_is_in_no_column(field: str, secret: str) -> None:
    row = one(userIdentity={"type": "IAMUser", field: secret})
    assert row["credential_id"].startswith("sha256:")
    assert secret not in str(row)


def test_a_url_that_was_asked_for_leaves_its_secrets() -> None:
    row = one(
        eventSource="rds.amazonaws.com",
        requestParameters={"preSignedUrl": "https://u:p@rds.example/snap?X-Amz-Signature=s&b=1"},
    )
    assert row["resource_id"] == "https://rds.example/snap"


@pytest.mark.parametrize("created", ["infinity", "-infinity", "290000-01-01T00:00:00Z", "epoch"])
def test_a_session_of_no_possible_time_has_no_time(created: str) -> None:
    row = one(userIdentity=session("etl", "nightly", attributes={"creationDate": created}))
    assert row["credential_issued_at"] is None


@pytest.mark.parametrize(
    ("identity", "kind"),
    [
        ({"type": "IAMUser", "userName": "BedrockAPIKey-1", "accessKeyId": "x"}, "api_key"),
        ({"type": "IdentityCenterUser", "credentialId": "c"}, "oidc_token"),
        ({"type": "WebIdentityUser", "userName": "s"}, "oidc_token"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "none"),
        ({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}, "none"),
        ({"type": "AWSAccount", "accountId": "1"}, None),
    ],
)
def test_kinds_of_credentials(identity: Record, kind: str | None) -> None:
    assert one(userIdentity=identity)["credential_kind"] == kind


@pytest.mark.parametrize(
    ("source", "name", "action"),
    [
        ("lambda", "AddPermission20150331v2", "lambda:AddPermission"),
        ("lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
        ("lambda", "ListFunctions20150331", "lambda:ListFunctions"),
        ("cloudfront", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
        ("s3", "ListObjectsV2", "s3:ListObjectsV2"),
        ("monitoring", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
        ("x.amazonaws.com", "PutThing", "x.amazonaws.com:PutThing"),
    ],
)
def test_actions_are_named_as_iam_names_them(source: str, name: str, action: str) -> None:
    row = one(eventSource=f"{source}.amazonaws.com", eventName=name)
    assert (row["action"], row["service"]) == (action, source)


RESOURCES: list[tuple[Record, tuple[str | None, str | None]]] = [
    (
        {"requestParameters": {"bucketName": "b", "key": "k/1", "Host": "b.s3"}},
        ("arn:aws:s3:::b/k/1", "AWS::S3::Object"),
    ),
    ({"requestParameters": {"bucketName": "b"}}, ("arn:aws:s3:::b", "AWS::S3::Bucket")),
    (
        {"eventSource": "kms.amazonaws.com", "resources": [{"ARN": "arn:k", "type": "AWS::KMS"}]},
        ("arn:k", "AWS::KMS"),
    ),
    (
        {
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRole",
            "requestParameters": {"roleSessionName": "s", "roleArn": ROLE + "x"},
        },
        (ROLE + "x", "AWS::IAM::Role"),
    ),
    (
        {
            "eventSource": "iam.amazonaws.com",
            "eventName": "AttachUserPolicy",
            "requestParameters": {"policyArn": "arn:p", "userName": "eve"},
        },
        (f"arn:aws:iam::{ACCOUNT}:user/eve", "AWS::IAM::User"),
    ),
    (
        {"eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey"},
        (f"arn:aws:iam::{ACCOUNT}:user/backup", "AWS::IAM::User"),
    ),
    (
        {
            "eventSource": "ec2.amazonaws.com",
            "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
        },
        ("i-1", "AWS::EC2::Instance"),
    ),
    (
        {
            "eventSource": "newthing.amazonaws.com",
            "requestParameters": {"clientToken": "t", "maxResults": 3, "widgetId": "w-1"},
        },
        ("w-1", "newthing:widget"),
    ),
    ({"requestParameters": {"bucketName": {"not": "text"}}}, (None, None)),
    ({"requestParameters": "text"}, (None, None)),
    ({"requestParameters": {"maxResults": 3}}, (None, None)),
]


@pytest.mark.parametrize(("over", "expected"), RESOURCES)
def test_what_it_was_done_to(over: Record, expected: tuple[str | None, str | None]) -> None:
    row = one(**over)
    assert (row["resource_id"], row["resource_kind"]) == expected


@pytest.mark.parametrize(
    ("over", "outcome"),
    [
        ({"errorCode": "AccessDenied"}, "denied"),
        ({"errorCode": "AccessDeniedException"}, "denied"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "UnauthorizedException"}, "denied"),
        ({"errorCode": "AuthorizationErrorException"}, "denied"),
        ({"errorCode": "VpceAccessDenied"}, "denied"),
        ({"errorCode": "ValidationException"}, "failure"),
        ({"errorCode": ""}, "success"),
        ({"errorMessage": "Failed authentication"}, "failure"),
        ({"responseElements": {"ConsoleLogin": "Failure"}}, "failure"),
        ({"responseElements": {"ConsoleLogin": "Success"}}, "success"),
    ],
)
def test_how_it_ended(over: Record, outcome: str) -> None:
    assert one(**over)["outcome"] == outcome


@pytest.mark.parametrize(
    ("message", "policy"),
    [
        (None, None),
        ("User: x is not authorized because no identity-based policy allows it", None),
        (
            "x is not authorized with an explicit deny in a service control policy",
            "service control policy",
        ),
        (
            "x with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/P",
            "arn:aws:iam::1:policy/P",
        ),
    ],
)
def test_a_refusal_is_a_decision(message: str | None, policy: str | None) -> None:
    row = one(errorCode="AccessDenied", errorMessage=message)
    decision = (row["policy_engine"], row["policy_decision"], row["policy_id"])
    assert decision == ("aws_iam", "deny", policy)


@pytest.mark.parametrize(
    ("source", "name", "access"),
    [
        ("sts", "AssumeRole", "delegate"),
        ("sts", "AssumeRoleWithWebIdentity", "delegate"),
        ("sts", "GetSessionToken", "auth"),
        ("signin", "ConsoleLogin", "auth"),
        ("s3", "GetObject", None),
    ],
)
def test_access_only_where_the_record_decides(source: str, name: str, access: str | None) -> None:
    assert one(eventSource=f"{source}.amazonaws.com", eventName=name)["access"] == access


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("075.050.255.67", "75.50.255.67"),
        ("10.0.0.1", "10.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("cloudformation.amazonaws.com", "cloudformation.amazonaws.com"),
        ("AWS Internal", "AWS Internal"),
        ("2001:db8::1", "2001:db8::1"),
        (None, None),
    ],
)
def test_addresses(told: str | None, address: str | None) -> None:
    assert one(sourceIPAddress=told)["source_ip"] == address


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-13T18:34:10Z",
        "2024-11-13 18:34:10.000",
        "2024-11-13 18:34:10.000000000",
        "2024-11-14T05:34:10+11:00",
    ],
)
def test_times(text: str) -> None:
    assert one(eventTime=text)["event_time"] == datetime(
        2024, 11, 13, 18, 34, 10, tzinfo=timezone.utc
    )


def test_a_model_call() -> None:
    model = "anthropic.claude-3-haiku-20240307-v1:0"
    row = one(
        eventSource="bedrock.amazonaws.com",
        eventName="Converse",
        requestParameters={"modelId": f"arn:aws:bedrock:eu-west-1::foundation-model/{model}"},
        additionalEventData={"inputTokens": 12, "outputTokens": "7"},
    )
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == (model, 12, 7)


def test_lookup_events_hold_the_event_as_text() -> None:
    wrapper = {"EventId": "e-1", "EventName": "x", "CloudTrailEvent": json.dumps(event())}
    row = parse(wrapper).row(0, named=True)
    assert row == one()


def test_an_event_that_speaks_of_the_wrapper_is_none() -> None:
    row = one(requestParameters={"CloudTrailEvent": "{}", '"CloudTrailEvent"': "no"})
    assert row["event_id"] == "e-1"


def test_hostile_text_is_data() -> None:
    text = "'; drop table records; -- {{7*7}} <script>\u202e\n\x00"
    row = one(userAgent=text, requestParameters={"bucketName": text})
    assert row["user_agent"] == text
    assert row["resource_id"] == f"arn:aws:s3:::{text}"


PROBLEMS: list[tuple[Any, str]] = [
    (event(eventID=None), "expected an eventID, got none"),
    (event(eventID=""), "expected an eventID, got none"),
    (event(eventTime=None), "expected an eventTime, got none"),
    (event(eventName=None), "expected an eventName, got none"),
    (
        event(eventTime="yesterday"),
        "expected eventTime as ISO 8601 with a date, got yesterday",
    ),
    (
        event(eventTime="2024-13-45T00:00:00Z"),
        "expected eventTime as ISO 8601 with a date, got 2024-13-45T00:00:00Z",
    ),
    (
        event(eventTime="2026-01-2  10:00:00"),
        "expected eventTime as ISO 8601 with a date, got 2026-01-2  10:00:00",
    ),
    (
        event(eventTime=" 026-01-02T10:00:00Z"),
        "expected eventTime as ISO 8601 with a date, got  026-01-02T10:00:00Z",
    ),
    (
        event(eventTime="1970-01-01T00:00:00Z"),
        "expected eventTime in 1990 to 2100, got 1970-01-01T00:00:00Z",
    ),
    (
        event(eventTime="9999-01-01T00:00:00Z"),
        "expected eventTime in 1990 to 2100, got 9999-01-01T00:00:00Z",
    ),
    ({"a": 1}, 'expected eventID, eventTime and eventName, got {"a": 1}'),
    ([1], "expected eventID, eventTime and eventName, got [1]"),
    ("3", "expected eventID, eventTime and eventName, got 3"),
    ({"CloudTrailEvent": "not json"}, "expected eventID, eventTime and eventName, got not json"),
]


@pytest.mark.parametrize(("record", "problem"), PROBLEMS)
def test_what_is_no_event_says_why(record: Any, problem: str) -> None:
    assert parse(record)["problem"].to_list() == [problem]


def test_one_bad_record_leaves_the_others() -> None:
    rows = parse(event(eventID="1"), {"CloudTrailEvent": "{broken"}, event(eventID="3"))
    assert rows["event_id"].to_list() == ["1", None, "3"]


@pytest.mark.parametrize(
    "record",
    [
        event(),
        {"eventSource": "s3.amazonaws.com", "eventName": "GetObject"},
        {"eventName": "GetObject", "eventID": "1", "userIdentity": {"type": "IAMUser"}},
        {"eventName": "GetObject", "eventTime": "t", "eventType": "AwsApiCall"},
        {"eventType": "AwsCloudTrailInsight", "eventID": "1"},
        {"EventId": "1", "CloudTrailEvent": "{}"},
    ],
)
def test_knows_its_records(record: Record) -> None:
    assert SOURCE.recognises(record)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "awsRegion": "eu-west-1"},
        event(eventSource="ecs.aliyuncs.com"),
        {"eventName": {"value": "x"}, "eventID": "1", "eventType": "AwsApiCall"},
        {"eventName": "login", "eventID": "1", "eventTime": "2024-01-01T00:00:00Z"},
        {"eventSource": ["s3.amazonaws.com"], "eventName": 3},
        {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "userIdentity": []},
        {"CloudTrailEvent": "text"},
        {"userIdentity": {"type": ["IAMUser"]}, "eventName": "x", "eventID": "1"},
    ],
)
def test_leaves_other_records(record: Record) -> None:
    assert not SOURCE.recognises(record)


def test_every_event_of_the_emulated_attacks(
    shared_data: Path, hold_the_contract: Contract
) -> None:
    files = sorted((shared_data / "stratus_red_team").glob("*.json"))
    records = [record for file in files for record in json.loads(file.read_text())]
    rows = parse(*records)
    assert len(files) == 24
    assert all(SOURCE.recognises(record) for record in records)
    assert rows["problem"].null_count() == len(rows) == len(records)
    assert set(rows["identity_kind"]) <= {"service_account", "human"}
    assert not rows["identity_id"].str.contains("aws-go-sdk").any()
    hold_the_contract(rows)


def test_events_as_rule_authors_reshaped_them(
    shared_data: Path, hold_the_contract: Contract
) -> None:
    lines = (shared_data / "panther_rule_tests" / "aws_cloudtrail.jsonl").read_text().splitlines()
    records = [json.loads(line)["log"] for line in lines]
    rows = parse(*records)
    whole = [bool(r.get("eventID")) and str(r.get("eventTime"))[:2] == "20" for r in records]
    assert rows["problem"].is_null().to_list() == whole
    hold_the_contract(rows)


def test_lookup_events_as_the_api_returns_them(
    shared_data: Path, hold_the_contract: Contract
) -> None:
    lines = (shared_data / "plaso" / "aws_cloudtrail.jsonl").read_text().splitlines()
    rows = parse(*lines)
    assert all(SOURCE.recognises(json.loads(line)) for line in lines)
    assert rows["event_id"].to_list() == [json.loads(line)["EventId"] for line in lines]
    assert set(rows["identity_kind"]) == {"human", "cloud_service"}
    hold_the_contract(rows)


def _paths(value: Any, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every path of keys into nested objects."""
    if not isinstance(value, dict):
        return [prefix]
    inner = [path for key, item in value.items() for path in _paths(item, (*prefix, key))]
    return [prefix, *inner] if prefix else inner


FULL = event(
    userIdentity={
        **session("dev", "jo@a.io", sourceIdentity="s", ec2RoleDelivery="2.0"),
        "invokedBy": "x",
        "onBehalfOf": {"userId": "u", "identityStoreArn": "a"},
        "inScopeOf": {"issuerType": "t", "credentialsIssuedTo": "c"},
        "identityProvider": "p",
        "userName": "n",
    },
    resources=[{"ARN": "a", "type": "t"}],
    requestParameters={"bucketName": "b", "instancesSet": {"items": [{"instanceId": "i"}]}},
    responseElements={"ConsoleLogin": "Failure", "usage": {"inputTokens": 1}},
    additionalEventData={"inputTokens": 1},
    errorCode="AccessDenied",
    errorMessage="m",
    sessionCredentialFromConsole="true",
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(["", "true", "AKIA", "a:b", "arn:aws:sts::1:assumed-role/", "Root", "2024-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _with(record: Any, path: tuple[str, ...], value: Any) -> Any:
    """The record with another value at a path, where the path still leads somewhere."""
    if not path:
        return value
    if not isinstance(record, dict):
        return record
    return record | {path[0]: _with(record.get(path[0]), path[1:], value)}


# A query is planned for a tenth of a second: many records in few examples.
@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(_paths(FULL)), JSON), max_size=6),
        min_size=20,
        max_size=60,
    ),
    st.booleans(),
)
def test_any_json_anywhere_gives_one_row(
    hold_the_contract: Contract,
    changes: list[list[tuple[tuple[str, ...], Any]]],
    wrapped: bool,
) -> None:
    records = []
    for change in changes:
        record: Any = FULL
        for path, value in change:
            record = _with(record, path, value)
        records.append({"CloudTrailEvent": json.dumps(record)} if wrapped else record)
        assert SOURCE.recognises(records[-1]) in (True, False)
    rows = parse(*records)
    assert rows["record"].to_list() == list(range(len(records)))
    hold_the_contract(rows)
