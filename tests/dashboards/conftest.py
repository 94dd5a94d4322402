"""Fixtures of the pages' tests: lakes to show, pages over them, a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builders.browser import Browser, chromium, dashboard
from builders.pages import HOSTILE, NOW, Opened, traced, trail
from builders.stored import copy_of
from detectors.base import make
from detectors.judge import judge
from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from pipeline.schemas import FINDINGS


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A few days, one finding, one reject, hostile text wherever a log can put it; to be
    read only.
    """
    folder = tmp_path_factory.mktemp("small")
    granted = {
        "eventName": "AttachUserPolicy",
        "readOnly": False,
        "requestParameters": {
            "userName": "backup",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
    }
    records = [trail(n) for n in range(19)] + [trail(19, **granted)]
    (folder / "trail.jsonl").write_text("\n".join([*map(json.dumps, records), HOSTILE]))
    (folder / "traces.jsonl").write_text(traced())
    lake = Lake(folder / "lake")
    ingest(lake, [folder / "trail.jsonl", folder / "traces.jsonl"], now=NOW, run_id="r")
    roll_up(lake, now=NOW)
    take_inventory(lake)
    # The day of the grant, and that of the agent's run: each other costs as much.
    judge(lake, [make("privilege_drift")], now=NOW, run_id="r", since=date(2026, 9, 6))
    judge(lake, [make("unusual_tool_chain")], now=NOW, run_id="r", until=date(2026, 9, 1))
    return lake


@pytest.fixture
def own(small: Lake, tmp_path: Path) -> Lake:
    """A copy of `small` that a test may write to."""
    return copy_of(small, tmp_path / "own")


@pytest.fixture
def pair(own: Lake) -> Lake:
    """A lake of two findings of one day, `newer` above `older`, whose events are gone."""
    at = datetime(2026, 6, 1, 9, tzinfo=timezone.utc)
    finding = {
        "detector": "privilege_drift",
        "severity": "high",
        "confidence": 1.0,
        "identity_id": "arn:aws:iam::111122223333:user/backup",
        "subject": "identity:backup",
        "window": "2026-06-01T00:00:00Z/2026-06-02T00:00:00Z",
        "observed": HOSTILE,
        "expected": HOSTILE,
        "support": HOSTILE,
        "evidence": ["gone"],
        "frameworks": [],
        "first_seen": at,
        "last_seen": at,
        "run_id": "r",
    }
    two = [
        {**finding, "finding_id": "newer", "title": "The newer", "score": 0.9},
        {**finding, "finding_id": "older", "title": "The older", "score": 0.8},
    ]
    own.replace("findings", FINDINGS.frame(two))
    return own


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    def open_page(page: str, lake: Lake, **query: str) -> AppTest:
        monkeypatch.setenv("NHIWATCH_LAKE", str(lake.location))
        script = f"from dashboards.screens import {page}\n{page}.draw()\n"
        app = AppTest.from_string(script, default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_page


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="session")
def site(small: Lake) -> Iterator[str]:
    """The address of the command's own server over `small`."""
    with dashboard(small.location) as url:
        yield url
