"""Action -> capability: what the one who takes it does. By the rules of capability.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.enrich.access import VERBS, parts_of
from pipeline.schemas import CAPABILITIES

_KEY = {"action": pl.String, "access": pl.String, "is_tool": pl.Boolean}


@dataclass(frozen=True)
class _Rule:
    """A row of capability.toml; an empty set fits anything."""

    capability: str
    access: frozenset[str]
    verbs: frozenset[str]
    words: frozenset[str]
    phrases: tuple[str, ...]
    of: str

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> _Rule:
        sets = {name: frozenset(row.get(name, "").split()) for name in ("access", "verbs", "words")}
        return cls(
            row["capability"], **sets, phrases=tuple(row.get("phrases", ())), of=row.get("of", "")
        )

    def fits(self, words: tuple[str, ...], access: str, of: str) -> bool:
        return (
            self.of in ("", of)
            and (not self.access or access in self.access)
            and (not self.verbs or _first_verb(words) in self.verbs)
            and (not self.words or not self.words.isdisjoint(words))
            and (not self.phrases or any(phrase in " ".join(words) for phrase in self.phrases))
        )


_FILE = Path(__file__).with_suffix(".toml")
_RULES = [_Rule.of_row(row) for row in tomllib.loads(_FILE.read_text(encoding="utf-8"))["rule"]]
_VERBS = frozenset().union(*VERBS.values(), *(rule.verbs for rule in _RULES))


def capabilities(actions: pl.DataFrame) -> pl.DataFrame:
    """A row per row of `actions` (action, access, is_tool), with its capability."""
    rows = [(*row, _capability(*row)) for row in actions.select(_KEY.keys()).rows()]
    return pl.DataFrame(rows, schema={**_KEY, "capability": pl.String}, orient="row")


# Bounded: names come from logs, and there is no end of them.
@lru_cache(maxsize=65_536)
def _capability(action: str, access: str | None, is_tool: bool) -> str:
    """Of names joined by and, or, then: the one that counts most."""
    of = "tool" if is_tool else "api"
    parts = parts_of(action[:500]) or ((),)
    told = {
        next(rule.capability for rule in _RULES if rule.fits(words, access or "other", of))
        for words in parts
    }
    return max(told, key=CAPABILITIES.index)


def _first_verb(words: tuple[str, ...]) -> str | None:
    return next((word for word in words if word in _VERBS), None)
