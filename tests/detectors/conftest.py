"""Rows in: events by hand, in a lake that is rolled up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest

from detectors.base import Detector, Judgement, Window
from pipeline.baselines import roll_up
from pipeline.lake import Lake
from pipeline.schemas import EVENTS

DAY = date(2026, 3, 20)
"""The judged day of the tests; what comes before is history."""


def event(n: int, *, day: date = DAY, hour: float = 12.0, **over: Any) -> dict[str, Any]:
    """An event of a workload in a cloud, `over` in place of the usual."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    return {
        "event_id": f"{day}-{n}",
        "event_time": midnight + timedelta(hours=hour),
        "event_date": day,
        "source": "log",
        "identity_id": "role/app",
        "identity_name": "app",
        "identity_kind": "workload",
        "session_id": "app:task-1",
        "credential_id": "ASIA1",
        "credential_kind": "session_token",
        "action": "s3:GetObject",
        "service": "s3",
        "access": "read",
        "outcome": "success",
        "account_id": "1",
        "source_ip": "3.5.1.1",
        "network": "CLOUD-ONE",
        "country": "US",
        "cloud": "one",
        "client": "boto3",
        **over,
    }


@pytest.fixture
def make_event() -> Callable[..., dict[str, Any]]:
    return event


@pytest.fixture
def judged(lake: Lake) -> Callable[..., Judgement]:
    """Judge DAY (or another) with a detector on a lake of these events."""

    def judge(detector: Detector, events: list[dict[str, Any]], *, day: date = DAY) -> Judgement:
        lake.append("events", pa.Table.from_pylist(events, schema=EVENTS.arrow_schema))
        roll_up(lake, now=datetime(2026, 4, 1, tzinfo=timezone.utc))
        with lake.reader() as reader:
            return detector.detect(reader, Window.of_day(day, history_days=30))

    return judge


@pytest.fixture
def day() -> date:
    return DAY
