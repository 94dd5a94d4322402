"""Records of AWS CloudTrail as S3 delivers them, and the events that they become."""

from __future__ import annotations

import json
from typing import Any

from builders.selecting import selected
from pipeline.sources.aws_cloudtrail import SOURCE

Record = dict[str, Any]

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"


def cloudtrail(n: int = 0, **over: Any) -> Record:
    """The n-th record of a day, one a minute: a user lists buckets; `over` in place of that."""
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
        "eventTime": f"2026-09-01T{n // 60 % 24:02}:{n % 60:02}:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.0",
        "requestParameters": None,
        "responseElements": None,
        "eventID": f"event-{n}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **over,
    }


def line(n: int = 0, **over: Any) -> str:
    """The n-th record of a day in a line, without its end."""
    return json.dumps(cloudtrail(n, **over))


def lines(*numbers: int) -> bytes:
    """Records of a day as a log of lines has them."""
    return b"".join(line(n).encode() + b"\n" for n in numbers)


def session(role: str, name: str, *, path: str = "", **context: Any) -> Record:
    """The userIdentity of a role session."""
    attributes = {"creationDate": "2026-08-31T22:10:00Z", "mfaAuthenticated": "false"}
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
                "arn": f"{ROLE}{path}{role}",
                "accountId": ACCOUNT,
                "userName": role,
            },
            "webIdFederationData": {},
            "attributes": attributes,
            **context,
        },
    }


def event_of(**over: Any) -> dict[str, Any]:
    """The event that a record becomes with `over` in place of the usual; it has no problem."""
    [event] = selected(SOURCE, cloudtrail(**over)).to_dicts()
    assert event["problem"] is None, event["problem"]
    return event
