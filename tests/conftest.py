"""Fixtures for the whole suite."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from pipeline.baselines import roll_up
from pipeline.ingest import ingest
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from sample_data import DATA, INVENTORY


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs beside the checkout; skips where there is none."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real logs beside the checkout (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The sample data, ingested, rolled up, with its inventory; not judged. Read only."""
    lake = Lake(tmp_path_factory.mktemp("demo") / "lake")
    now = datetime(2026, 10, 2, tzinfo=timezone.utc)
    ingest(lake, [DATA / "AWSLogs", DATA / "traces"], now=now, run_id="demo")
    roll_up(lake, now=now)
    take_inventory(lake, file=INVENTORY)
    return lake
