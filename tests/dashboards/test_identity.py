"""An identity's page: what it did beside what it is declared to do."""

from __future__ import annotations

from pathlib import Path

from builders.pages import Opened, texts
from pipeline.inventory import take_inventory
from pipeline.lake import Lake


def test_an_identity_is_shown_beside_what_it_is_declared_to_do(
    opened: Opened, own: Lake, tmp_path: Path
) -> None:
    backup = "arn:aws:iam::111122223333:user/backup"
    assert "Nobody declared what it may do." in texts(opened("identity", own, id=backup))
    (tmp_path / "inventory.csv").write_text(f"identity_id,capability\n{backup},analyse\n")
    take_inventory(own, file=tmp_path / "inventory.csv")
    app = opened("identity", own, id=backup)
    assert not app.exception
    assert "Declared to analyse; beyond that it grants." in texts(app)
    [proof] = [frame.value for frame in app.dataframe if "within_declared" in frame.value]
    assert list(proof["actions"].iloc[0]) == ["iam:AttachUserPolicy ×1"]
