"""CloudTrail records in their native form, and the files that S3 gets them in."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from sample_data.calls import CALLS, Slots, filled
from sample_data.company import REGION, Account, Actor
from sample_data.dice import Dice
from sample_data.month import Day

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """A credential in use: from second `start` to second `end` of a day, from one address."""

    who: Actor
    start: int
    end: int
    created: datetime
    key: str
    name: str
    address: str
    agent: str
    is_console: bool = False


def stamp(moment: datetime) -> str:
    """As CloudTrail writes a time: whole seconds, UTC."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(account: Account, session: Session) -> Record:
    """The `userIdentity` of a call made with the session."""
    who = session.who
    if who.kind == "user":
        return {
            "type": "IAMUser",
            "principalId": "AIDA" + account.unique[who.name],
            "arn": account.user_arn(who.name),
            "accountId": account.id,
            "accessKeyId": session.key,
            "userName": who.name,
        }
    role, path = who.name, ""
    if who.kind == "sso":
        role, path = account.sso_role(who.role), "aws-reserved/sso.amazonaws.com/"
    told = role_identity(account, role, path, session.name, session.key, session.created)
    if who.kind == "ec2":
        told["sessionContext"]["ec2RoleDelivery"] = "2.0"
    if who.kind == "oidc":
        told["sessionContext"]["webIdFederationData"] = {
            "federatedProvider": f"arn:aws:iam::{account.id}:oidc-provider/{GITHUB}",
            "attributes": {},
        }
    return told


GITHUB = "token.actions.githubusercontent.com"


def role_identity(
    account: Account, role: str, path: str, session_name: str, key: str, created: datetime
) -> Record:
    """The `userIdentity` of an assumed role; `path` is its path without the leading slash."""
    principal = "AROA" + account.unique.get(role, _stable(role))
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session_name}",
        "arn": f"arn:aws:sts::{account.id}:assumed-role/{role}/{session_name}",
        "accountId": account.id,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": f"arn:aws:iam::{account.id}:role/{path}{role}",
                "accountId": account.id,
                "userName": role,
            },
            "attributes": {"creationDate": stamp(created), "mfaAuthenticated": "false"},
        },
    }


def _stable(name: str) -> str:
    """An id for a role outside the cast: the same for the same name."""
    return Dice(*name.encode()).capitals(17)


def record(
    *,
    account: Account,
    who: Record,
    call: str,
    moment: datetime,
    address: str,
    agent: str,
    dice: Dice,
    slots: Mapping[str, str] | None = None,
    error: str | None = None,
    region: str = REGION,
    console: bool = False,
) -> Record:
    """One event as CloudTrail writes it; `call` is a key of `CALLS`."""
    told = CALLS[call]
    words = Slots(
        dice,
        {
            "account": account.id,
            "region": region,
            "date": moment.strftime("%Y-%m-%d"),
        },
    )
    for name, value in (slots or {}).items():
        words[name] = filled(value, words)
    event: Record = {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": stamp(moment),
        "eventSource": f"{told.source}.amazonaws.com",
        "eventName": told.name,
        "awsRegion": region,
        "sourceIPAddress": address,
        "userAgent": agent,
    }
    if error is not None:
        event["errorCode"] = error
        event["errorMessage"] = _message(error, who, told.source, told.name)
    event["requestParameters"] = filled(told.request, words)
    event["responseElements"] = None if error else filled(told.response, words)
    if told.extra:
        event["additionalEventData"] = filled(told.extra, words)
    event["requestID"] = dice.capitals(16) if told.source == "s3" else dice.uuid()
    event["eventID"] = dice.uuid()
    event["readOnly"] = told.read
    if told.resource is not None:
        kind, arn = told.resource
        event["resources"] = [{"accountId": account.id, "type": kind, "ARN": filled(arn, words)}]
    event["eventType"] = "AwsApiCall"
    event["managementEvent"] = not told.data
    event["recipientAccountId"] = account.id
    event["eventCategory"] = "Data" if told.data else "Management"
    if address.startswith("10."):
        event["vpcEndpointId"] = "vpce-0c2f4be81d7a9563e"
        event["vpcEndpointAccountId"] = account.id
    if address[0].isdigit():
        event["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{told.source}.{region}.amazonaws.com",
        }
    if console:
        event["sessionCredentialFromConsole"] = "true"
    return event


def _message(error: str, who: Record, source: str, name: str) -> str:
    if error != "AccessDenied":
        return "The request could not be completed."
    return (
        f"User: {who.get('arn', who.get('principalId'))} is not authorized to perform: "
        f"{source}:{name} because no identity-based policy allows the {source}:{name} action"
    )


def assumed(
    account: Account, session: Session, by: Record, event: str, address: str, agent: str, dice: Dice
) -> Record:
    """The STS event (`AssumeRole` or one of its kin) that gave the session its key."""
    told = identity(account, session)
    issuer = told["sessionContext"]["sessionIssuer"]
    moment = session.created
    made: Record = {
        "eventVersion": "1.11",
        "userIdentity": by,
        "eventTime": stamp(moment),
        "eventSource": "sts.amazonaws.com",
        "eventName": event,
        "awsRegion": REGION,
        "sourceIPAddress": address,
        "userAgent": agent,
        "requestParameters": {
            "roleArn": issuer["arn"],
            "roleSessionName": session.name,
            "durationSeconds": 21600,
        },
        "responseElements": {
            "credentials": {
                "accessKeyId": session.key,
                "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
                "expiration": (moment + timedelta(hours=6)).strftime("%b %-d, %Y, %-I:%M:%S %p"),
            },
            "assumedRoleUser": {
                "assumedRoleId": told["principalId"],
                "arn": told["arn"],
            },
        },
        "requestID": dice.uuid(),
        "eventID": dice.uuid(),
        "readOnly": True,
        "resources": [{"accountId": account.id, "type": "AWS::IAM::Role", "ARN": issuer["arn"]}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account.id,
        "eventCategory": "Management",
    }
    if by["type"] in ("AWSService", "AWSAccount"):
        made["sharedEventID"] = dice.uuid()
    return made


def write_day(
    out: Path, account: Account, day: Day, records: Iterable[Record], *, level: int
) -> int:
    """Writes a file per region, as S3 delivers them. Returns how many records."""
    by_region: dict[str, list[Record]] = {}
    for each in records:
        by_region.setdefault(each["awsRegion"], []).append(each)
    for region, found in by_region.items():
        # As in S3: batch by batch and not by time. By who called, they pack best.
        found.sort(key=lambda each: (str(each["userIdentity"].get("arn")), each["eventTime"]))
        _write(out, account, day, region, found, level)
    return sum(len(found) for found in by_region.values())


def _write(
    out: Path, account: Account, day: Day, region: str, records: list[Record], level: int
) -> None:
    folder = out / "AWSLogs" / account.id / "CloudTrail" / region / day.date.strftime("%Y/%m/%d")
    folder.mkdir(parents=True, exist_ok=True)
    unique = Dice(account.seed, account.number, day.date.toordinal(), len(region), 3).capitals(16)
    delivered = day.at(86_400 + 300).strftime("%Y%m%dT%H%MZ")
    path = folder / f"{account.id}_CloudTrail_{region}_{delivered}_{unique}.json.gz"
    write_gzip(path, msgspec.json.encode({"Records": records}), level=level)


def write_gzip(path: Path, content: bytes, *, level: int) -> None:
    """Writes without a name or a time in the header: the same content makes the same bytes."""
    path.write_bytes(gzip.compress(content, compresslevel=level, mtime=0))
