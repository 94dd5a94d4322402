"""Fixtures for the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from pipeline.lake import Lake

# An example that takes long on a busy machine is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
