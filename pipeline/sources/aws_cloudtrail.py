"""AWS CloudTrail: S3 delivery (`{"Records": [...]}`), arrays, lines, and LookupEvents output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.sources import Source

_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".aws.amazon.com", ".api.aws")
_IDENTITY_TYPES = frozenset(
    {
        "AWSAccount",
        "AWSService",
        "AssumedRole",
        "FederatedUser",
        "IAMUser",
        "IdentityCenterUser",
        "Root",
        "SAMLUser",
        "WebIdentityUser",
    }
)


def _recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is a CloudTrail event, or LookupEvents' wrapping of one.

    Other clouds copied the format, S3 notifications share `eventName` and `Records`: the source
    has to be an AWS service, or, where it is missing, something else has to be AWS's own.
    """
    wrapped = record.get("CloudTrailEvent")
    if isinstance(wrapped, str):
        return wrapped.lstrip().startswith("{")
    if isinstance(wrapped, Mapping):
        return _recognises(wrapped)
    source = record.get("eventSource")
    if source:
        of_aws = isinstance(source, str) and source.lower().endswith(_DOMAINS)
        return of_aws and ("eventName" in record or _has_a_mark(record))
    named = isinstance(record.get("eventName"), str) and bool(
        {"eventID", "eventTime"} & set(record)
    )
    return _has_a_mark(record) and (named or record.get("eventType") == "AwsCloudTrailInsight")


def _has_a_mark(record: Mapping[str, Any]) -> bool:
    """Whether anything beside its source marks a record as CloudTrail's."""
    identity = record.get("userIdentity")
    kind = identity.get("type") if isinstance(identity, Mapping) else None
    return (
        (isinstance(kind, str) and kind in _IDENTITY_TYPES)
        or str(record.get("eventType")).startswith("Aws")
        or {"awsRegion", "recipientAccountId"} <= set(record)
    )


SOURCE = Source(
    name="aws_cloudtrail",
    title="AWS CloudTrail",
    recognises=_recognises,
    containers=("Records", "Events"),
)
