"""What was planted, so that a judge of the detectors can be judged: rows of `truth.json`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["attack", "lookalike"]


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that was planted on one identity.

    `identity` is what the pipeline calls it: a role's or user's ARN, a person's session ARN, an
    agent's id. `subject` are access key ids or trace ids. `days` are ISO dates.
    """

    story: str
    detector: str
    kind: Kind
    identity: str
    subject: tuple[str, ...]
    days: tuple[str, ...]
    what: str


def merged(planted: Iterable[Planted]) -> list[Planted]:
    """One row a story and identity, in order of story; days and subjects of its parts united."""
    rows: dict[tuple[str, str], Planted] = {}
    for each in planted:
        key = (each.story, each.identity)
        seen = rows.get(key)
        subject, days = set(each.subject), set(each.days)
        if seen is not None:
            subject |= set(seen.subject)
            days |= set(seen.days)
        rows[key] = Planted(
            each.story,
            each.detector,
            each.kind,
            each.identity,
            tuple(sorted(subject)),
            tuple(sorted(days)),
            each.what,
        )
    return [rows[key] for key in sorted(rows)]


def write_truth(path: Path, planted: Iterable[Planted]) -> None:
    """Writes the merged rows as a JSON array, one field a line so that a diff reads."""
    encoded = msgspec.json.encode(merged(planted))
    path.write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
