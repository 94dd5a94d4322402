"""A table of an older or newer version of nhiwatch: what differs, and whether it can be written.

A column that the lake does not have yet is added (null in its older rows); one that this version
does not know stays as it is. Nothing else changes without a rebuild: that is a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Columns that a table of the lake lacks, those that this version does not know, and what
    cannot be brought together (what was expected, what was found).
    """

    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    conflict: str | None


@dataclass(frozen=True)
class Shape:
    """A table's columns, name to type, and the columns it is partitioned by."""

    columns: Mapping[str, str]
    partition_by: Sequence[str]


def difference(*, expected: Shape, found: Shape) -> Difference:
    """How a table as it lies there differs from the one that this version expects."""
    return Difference(
        tuple(name for name in expected.columns if name not in found.columns),
        tuple(name for name in found.columns if name not in expected.columns),
        _conflict(expected, found),
    )


def _conflict(expected: Shape, found: Shape) -> str | None:
    for name, type_ in expected.columns.items():
        if found.columns.get(name, type_) != type_:
            return f"column {name}: expected type {type_}, found {found.columns[name]}"
    if list(expected.partition_by) != list(found.partition_by):
        return (
            f"expected to be partitioned by {', '.join(expected.partition_by) or 'nothing'}, "
            f"found {', '.join(found.partition_by) or 'nothing'}"
        )
    return None
