"""The log sources: one module each, with its SELECT beside it in a file of the same name.

To add one, write `<name>.py` with a `SOURCE` and `<name>.sql`; no other code has to be touched.

The SELECT reads the relation `records(record, raw)`, a number and the valid JSON text of each
record, and returns one row an event with the columns of `SELECTED`, `record` being the one it is
of; each record gives one at the least, as of one that gives none nobody is told. What a record does
not give is null, apart from an event's id and time; a null `raw` stands for the record as it came.
A row with a `problem` goes to `rejects` with that text as its reason, so a SELECT says there what
it expected and what came. `read_only` is the log's own word on whether the action only reads, null
if it does not say; enrichment weighs it when `access` is null.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.schemas import EVENTS

ADDED_LATER = (
    "event_date",
    "ingested_at",
    "source",
    "source_file",
    "fingerprint",
    "record_index",
    "network",
    "country",
    "cloud",
    "client",
)
"""Columns of `events` that a source's SELECT leaves out: ingest and enrichment fill them."""

SELECTED = pa.schema(
    [
        ("record", pa.int64()),
        *(field for field in EVENTS.arrow_schema if field.name not in ADDED_LATER),
        ("read_only", pa.bool_()),
        ("problem", pa.string()),
    ]
)
"""Columns that a source's SELECT returns, in any order; what is null may be so of any type."""


@dataclass(frozen=True)
class Source:
    """One log source.

    `containers` are the keys of a JSON document whose list holds the records (`Records`);
    `recognises` tells from one decoded record whether it is this source's. `own_agent`
    is for sources of agents' traces: a pattern that `raw` of an event matches if it names its agent
    itself; ingest finds the agent of the others through their `parent_id`.
    """

    name: str
    title: str
    recognises: Callable[[Mapping[str, Any]], bool]
    containers: tuple[str, ...] = ()
    own_agent: str | None = None

    @property
    def select(self) -> str:
        """The SELECT from `records` to events."""
        return (Path(__file__).parent / f"{self.name}.sql").read_text(encoding="utf-8")


@cache
def sources() -> dict[str, Source]:
    """Every source found in this package, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__))
    found = [importlib.import_module(f"{__name__}.{name}").SOURCE for name in names]
    return {source.name: source for source in found}


@cache
def containers() -> frozenset[str]:
    """The containers of every source."""
    return frozenset(key for source in sources().values() for key in source.containers)


def source_named(name: str) -> Source:
    """The source of that name; an error that lists the known ones if there is none."""
    try:
        return sources()[name]
    except KeyError:
        known = ", ".join(sources())
        raise InputError(f"expected a source of {known}, got {name!r}") from None
