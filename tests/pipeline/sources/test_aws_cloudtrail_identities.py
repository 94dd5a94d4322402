"""aws_cloudtrail: who acted, for whom, and with which credential."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from builders.cloudtrail import ACCOUNT, ROLE, Record, cloudtrail, event_of, session
from builders.selecting import selected
from pipeline.sources.aws_cloudtrail import SOURCE

STS = f"arn:aws:sts::{ACCOUNT}:assumed-role/"
GITHUB = "token.actions.githubusercontent.com"
EKS = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
SSO = "AWSReservedSSO_Admin_0123456789abcdef"
MFA = {"attributes": {"creationDate": "2026-08-31T22:10:00Z", "mfaAuthenticated": "true"}}

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
    row = event_of(userIdentity=identity)
    assert (row["identity_id"], row["identity_kind"], row["on_behalf_of"]) == expected


def test_a_role_of_no_known_account_is_its_id_without_the_session() -> None:
    identity = {"type": "AssumedRole", "principalId": "AROA1:run-17"}
    assert event_of(userIdentity=identity, recipientAccountId=None)["identity_id"] == "AROA1"


@pytest.mark.parametrize("identity", [None, "text", 7, [], [1], True])
def test_an_identity_of_a_wrong_type_is_unknown(identity: object) -> None:
    row = event_of(userIdentity=identity)
    assert (row["identity_id"], row["identity_kind"]) == ("unknown", "unknown")


def test_a_service_event_without_identity_is_the_service() -> None:
    row = event_of(userIdentity=None, eventType="AwsServiceEvent", eventSource="kms.amazonaws.com")
    assert (row["identity_id"], row["identity_kind"]) == ("kms.amazonaws.com", "cloud_service")


def test_a_role_is_one_identity_over_sessions() -> None:
    rows = selected(
        SOURCE,
        cloudtrail(eventID="1", userIdentity=session("etl", "aws-go-sdk-1722375070115152000")),
        cloudtrail(eventID="2", userIdentity=session("etl", "aws-go-sdk-1722375070115152999")),
    )
    assert rows["identity_id"].n_unique() == 1
    assert rows["session_id"].n_unique() == 2


def test_what_a_caller_says_of_itself_does_not_move_its_identity() -> None:
    quiet = event_of(userIdentity=session("etl", "nightly"))
    loud = event_of(
        userIdentity=session("etl", "nightly"),
        userAgent="console.amazonaws.com",
        sourceIPAddress="203.0.113.9",
    )
    assert loud["identity_id"] == quiet["identity_id"]
    assert loud["identity_kind"] == quiet["identity_kind"] == "service_account"


def test_a_role_in_the_console_stays_the_role_but_is_used_by_a_human() -> None:
    row = event_of(userIdentity=session("admin", "jo"), sessionCredentialFromConsole="true")
    assert (row["identity_id"], row["identity_kind"]) == (ROLE + "admin", "human")
    assert row["on_behalf_of"] == "jo"


def test_an_instance_in_the_console_stays_a_workload() -> None:
    stolen = session("web", "i-0123456789abcdef0")
    row = event_of(userIdentity=stolen, sessionCredentialFromConsole="true")
    assert (row["identity_id"], row["identity_kind"]) == (ROLE + "web", "workload")


def test_a_session_tells_its_credential() -> None:
    row = event_of(userIdentity=session("etl", "nightly"))
    assert row["session_id"] == "AROAEXAMPLE:nightly"
    assert (row["credential_id"], row["credential_kind"]) == ("ASIAEXAMPLE1", "session_token")
    assert row["credential_issued_at"] == datetime(2026, 8, 31, 22, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize("field", ["accessKeyId", "credentialId"])
@pytest.mark.parametrize(
    "secret", ["ABSKQmVkcm9ja0FQSUtleS0x", "Bearer ey.x.y", "a/b+c=", "x" * 200]
)
def test_a_secret_in_place_of_a_keys_id_is_in_no_column(field: str, secret: str) -> None:
    row = event_of(userIdentity={"type": "IAMUser", field: secret})
    assert row["credential_id"].startswith("sha256:")
    assert secret not in str(row)


@pytest.mark.parametrize("created", ["infinity", "-infinity", "290000-01-01T00:00:00Z", "epoch"])
def test_a_session_of_no_possible_time_has_no_time(created: str) -> None:
    row = event_of(userIdentity=session("etl", "nightly", attributes={"creationDate": created}))
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
    assert event_of(userIdentity=identity)["credential_kind"] == kind
