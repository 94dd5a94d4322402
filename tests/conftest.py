"""Fixtures for the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from pipeline.lake import Lake

# An example that takes long on a busy machine is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LONGEST = (
    "test_demo.py",
    "test_exactly_once.py",
    "test_flows.py",
    "test_cli.py",
    "test_rejected.py",
    "test_buckets.py",
    "test_judge.py",
    "test_ingest.py",
    "test_views.py",
    "test_housekeeping.py",
    "test_growth.py",
    "test_in_a_browser.py",
)
"""The files that take more than some ten seconds, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: of one that comes last the other worker has nothing."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


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
