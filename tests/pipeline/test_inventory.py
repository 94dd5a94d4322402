"""The inventory: what a file declares, joined with what the logs show."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest

from builders.stored import rows
from pipeline.baselines import roll_up
from pipeline.errors import InputError
from pipeline.inventory import take_inventory
from pipeline.lake import Lake
from pipeline.schemas import EVENTS

NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
CSV = """identity_id,owner,capability,allowed_tools
agent/a,ann,analyse,search;read
agent/gone,bob,act,
"""


def seen(lake: Lake, *identities: str) -> None:
    time = datetime(2026, 1, 2, tzinfo=timezone.utc)
    rows = [
        {
            "event_id": identity,
            "source": "log",
            "event_time": time,
            "event_date": date(2026, 1, 2),
            "identity_id": identity,
            "identity_kind": "agent",
        }
        for identity in identities
    ]
    lake.append("events", pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema))
    roll_up(lake, now=NOW)


def test_declared_and_discovered_are_one_list(lake: Lake, tmp_path: Path) -> None:
    seen(lake, "agent/a", "agent/b")
    (tmp_path / "inventory.csv").write_text(CSV)
    assert take_inventory(lake, file=tmp_path / "inventory.csv") == 3
    told = rows(
        lake,
        "select identity_id, declared, owner, capability, allowed_tools, events "
        "from identities order by 1",
    )
    assert told == [
        ("agent/a", True, "ann", "analyse", ["search", "read"], 1),
        ("agent/b", False, None, None, None, 1),
        ("agent/gone", True, "bob", "act", None, 0),
    ]


def test_what_was_declared_stays_declared(lake: Lake, tmp_path: Path) -> None:
    seen(lake, "agent/a")
    (tmp_path / "inventory.csv").write_text(CSV)
    take_inventory(lake, file=tmp_path / "inventory.csv")
    assert take_inventory(lake) == 2
    assert rows(lake, "select owner from identities order by 1") == [("ann",), ("bob",)]


def test_without_a_file_the_discovered_are_the_list(lake: Lake) -> None:
    seen(lake, "agent/a")
    assert take_inventory(lake) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("owner\nann\n", "expected columns identity_id"),
        ("identity_id,shoe_size\na,9\n", "shoe_size"),
        ("identity_id,capability\na,fly\n", "analyse, act, .*grant, got fly"),
        ("identity_id\na\na\n", "declared twice"),
    ],
)
def test_a_wrong_file_says_what_was_expected(
    lake: Lake, tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "inventory.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=reason):
        take_inventory(lake, file=file)
