"""aws_cloudtrail: records in, literal rows out; what is no event, and what is no record of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.any_json import JSON
from builders.cloudtrail import ACCOUNT, Record, cloudtrail, event_of, session
from builders.selecting import selected
from pipeline.sources import SELECTED
from pipeline.sources.aws_cloudtrail import SOURCE

Contract = Callable[[pl.DataFrame], None]


def test_an_event_becomes_a_row() -> None:
    assert event_of(eventID="e-1", eventTime="2026-03-02T10:20:30Z") == {
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
    assert set(selected(SOURCE, cloudtrail()).columns) == set(SELECTED.names)


def test_lookup_events_hold_the_event_as_text() -> None:
    wrapper = {"EventId": "event-0", "EventName": "x", "CloudTrailEvent": json.dumps(cloudtrail())}
    row = selected(SOURCE, wrapper).row(0, named=True)
    assert row == event_of()


def test_an_event_that_speaks_of_the_wrapper_is_none() -> None:
    row = event_of(requestParameters={"CloudTrailEvent": "{}", '"CloudTrailEvent"': "no"})
    assert row["event_id"] == "event-0"


def test_hostile_text_is_data() -> None:
    text = "'; drop table records; -- {{7*7}} <script>\u202e\n\x00"
    row = event_of(userAgent=text, requestParameters={"bucketName": text})
    assert row["user_agent"] == text
    assert row["resource_id"] == f"arn:aws:s3:::{text}"


PROBLEMS: list[tuple[Any, str]] = [
    (cloudtrail(eventID=None), "expected an eventID, got none"),
    (cloudtrail(eventID=""), "expected an eventID, got none"),
    (cloudtrail(eventTime=None), "expected an eventTime, got none"),
    (cloudtrail(eventName=None), "expected an eventName, got none"),
    (
        cloudtrail(eventTime="yesterday"),
        "expected eventTime as ISO 8601 with a date, got yesterday",
    ),
    (
        cloudtrail(eventTime="2024-13-45T00:00:00Z"),
        "expected eventTime as ISO 8601 with a date, got 2024-13-45T00:00:00Z",
    ),
    (
        cloudtrail(eventTime="2026-01-2  10:00:00"),
        "expected eventTime as ISO 8601 with a date, got 2026-01-2  10:00:00",
    ),
    (
        cloudtrail(eventTime=" 026-01-02T10:00:00Z"),
        "expected eventTime as ISO 8601 with a date, got  026-01-02T10:00:00Z",
    ),
    (
        cloudtrail(eventTime="1970-01-01T00:00:00Z"),
        "expected eventTime in 1990 to 2100, got 1970-01-01T00:00:00Z",
    ),
    (
        cloudtrail(eventTime="9999-01-01T00:00:00Z"),
        "expected eventTime in 1990 to 2100, got 9999-01-01T00:00:00Z",
    ),
    ({"a": 1}, 'expected eventID, eventTime and eventName, got {"a": 1}'),
    ([1], "expected eventID, eventTime and eventName, got [1]"),
    ("3", "expected eventID, eventTime and eventName, got 3"),
    ({"CloudTrailEvent": "not json"}, "expected eventID, eventTime and eventName, got not json"),
]


@pytest.mark.parametrize(("record", "problem"), PROBLEMS)
def test_what_is_no_event_says_why(record: Any, problem: str) -> None:
    assert selected(SOURCE, record)["problem"].to_list() == [problem]


def test_one_bad_record_leaves_the_others() -> None:
    rows = selected(
        SOURCE, cloudtrail(eventID="1"), {"CloudTrailEvent": "{broken"}, cloudtrail(eventID="3")
    )
    assert rows["event_id"].to_list() == ["1", None, "3"]


@pytest.mark.parametrize(
    "record",
    [
        cloudtrail(),
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
        cloudtrail(eventSource="ecs.aliyuncs.com"),
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
    rows = selected(SOURCE, *records)
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
    rows = selected(SOURCE, *records)
    whole = [bool(r.get("eventID")) and str(r.get("eventTime"))[:2] == "20" for r in records]
    assert rows["problem"].is_null().to_list() == whole
    hold_the_contract(rows)


def test_lookup_events_as_the_api_returns_them(
    shared_data: Path, hold_the_contract: Contract
) -> None:
    lines = (shared_data / "plaso" / "aws_cloudtrail.jsonl").read_text().splitlines()
    rows = selected(SOURCE, *lines)
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


FULL = cloudtrail(
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


def _with(record: Any, path: tuple[str, ...], value: Any) -> Any:
    """The record with another value at a path, where the path still leads somewhere."""
    if not path:
        return value
    if not isinstance(record, dict):
        return record
    return record | {path[0]: _with(record.get(path[0]), path[1:], value)}


# A query over many records takes hardly longer than over one: many of them in few examples.
@settings(max_examples=12)
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
    rows = selected(SOURCE, *records)
    assert rows["record"].to_list() == list(range(len(records)))
    hold_the_contract(rows)
