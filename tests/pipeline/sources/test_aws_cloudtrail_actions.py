"""aws_cloudtrail: what was done, to what, when and from where, and how it ended."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from builders.cloudtrail import ACCOUNT, ROLE, Record, cloudtrail, event_of
from builders.selecting import selected
from pipeline.sources.aws_cloudtrail import SOURCE


def test_an_insight_is_no_action_of_the_one_it_is_about() -> None:
    record = cloudtrail(
        eventType="AwsCloudTrailInsight",
        userIdentity=None,
        insightDetails={"insightType": "ApiCallRateInsight", "eventName": "RunInstances"},
    )
    del record["eventName"], record["eventSource"]
    row = selected(SOURCE, record).row(0, named=True)
    assert row["problem"] is None
    assert row["action"] == "cloudtrail:ApiCallRateInsight"
    assert row["identity_id"] == "cloudtrail.amazonaws.com"
    assert row["outcome"] == "unknown"


def test_a_url_that_was_asked_for_leaves_its_secrets() -> None:
    row = event_of(
        eventSource="rds.amazonaws.com",
        requestParameters={"preSignedUrl": "https://u:p@rds.example/snap?X-Amz-Signature=s&b=1"},
    )
    assert row["resource_id"] == "https://rds.example/snap"


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
    row = event_of(eventSource=f"{source}.amazonaws.com", eventName=name)
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
    row = event_of(**over)
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
    assert event_of(**over)["outcome"] == outcome


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
    row = event_of(errorCode="AccessDenied", errorMessage=message)
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
    assert event_of(eventSource=f"{source}.amazonaws.com", eventName=name)["access"] == access


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
    assert event_of(sourceIPAddress=told)["source_ip"] == address


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
    assert event_of(eventTime=text)["event_time"] == datetime(
        2024, 11, 13, 18, 34, 10, tzinfo=timezone.utc
    )


def test_a_model_call() -> None:
    model = "anthropic.claude-3-haiku-20240307-v1:0"
    row = event_of(
        eventSource="bedrock.amazonaws.com",
        eventName="Converse",
        requestParameters={"modelId": f"arn:aws:bedrock:eu-west-1::foundation-model/{model}"},
        additionalEventData={"inputTokens": 12, "outputTokens": "7"},
    )
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == (model, 12, 7)
