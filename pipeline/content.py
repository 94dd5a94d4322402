"""What of prompts, arguments and results lands in the lake: all, fingerprints, or nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl
import pyarrow as pa

from pipeline.enrich.access import VERBS
from pipeline.errors import SettingsError
from pipeline.reader import LakeReader

SQL = Path(__file__).parent / "sql"
COLUMNS = ("prompt", "tool_arguments", "tool_result")


class Content(StrEnum):
    """How texts land.

    `fingerprint`: each word as a keyed hash, as `sql/content.sql` says; the same word has the same
    hash in all of the lake, so chains can be judged. `drop`: no text at all.
    """

    KEEP = "keep"
    FINGERPRINT = "fingerprint"
    DROP = "drop"


@dataclass(frozen=True)
class Privacy:
    """How the texts of each source land, and the secret that fingerprints are made with.

    The salt must not be where analysts read: whoever has it can try words against the hashes.
    """

    default: Content = Content.KEEP
    by_source: Mapping[str, Content] = field(default_factory=dict)
    salt: str = ""

    def of(self, source: str | None) -> Content:
        return self.by_source.get(source or "", self.default)

    def applied(
        self, reader: LakeReader, events: pa.Table, *, source: str, own_agent: str | None
    ) -> pa.Table:
        """The events as they may land.

        Of `raw` nothing stays but the match of `own_agent`, the pattern that tells an event whose
        record names its agent: agents are still found when their spans come late.
        """
        mode = self.of(source)
        if mode is Content.KEEP or events.num_rows == 0:
            return events
        named = (
            pl.col("raw").str.extract(f"({own_agent})") if own_agent else pl.lit(None, pl.String)
        )
        raw = pl.DataFrame(events.select(["raw"])).with_columns(raw="{" + named + "}")["raw"]
        texts = (
            pl.DataFrame({name: [None] * events.num_rows for name in COLUMNS})
            if mode is Content.DROP
            else self._fingerprints(reader, events)
        )
        for column in (*texts, raw):
            place = events.column_names.index(column.name)
            kind = events.schema.field(column.name).type
            events = events.set_column(place, column.name, column.to_arrow().cast(kind))
        return events

    def _fingerprints(self, reader: LakeReader, events: pa.Table) -> pl.DataFrame:
        """The columns COLUMNS of the events, in their order, with words hashed."""
        if not self.salt:
            raise SettingsError("expected a salt for content = fingerprint, got none")
        texts = pl.DataFrame(events.select([*COLUMNS, "tool_name"])).with_row_index("row_index")
        reader.define("texts", texts.drop("tool_name"))
        reader.define("clear_words", _clear_words(reader, texts["tool_name"]))
        return reader.query(SQL / "content.sql", {"salt": self.salt})


def _clear_words(reader: LakeReader, tools: pl.Series) -> pl.DataFrame:
    """The words that are not hashed: none of them says what a text is about."""
    names = tools.drop_nulls().unique().str.replace_all(r"([a-z])([A-Z])", "${1} ${2}")
    return (
        pl.concat(
            [
                reader.query(SQL / "function_words.sql"),
                reader.query(SQL / "request_words.sql"),
                pl.DataFrame({"word": sorted(frozenset().union(*VERBS.values()))}),
                names.str.to_lowercase().str.extract_all(r"\p{L}+").explode().to_frame("word"),
            ]
        )
        .drop_nulls()
        .unique()
    )


def salt_in(file: Path) -> str:
    """The salt that a file holds; made, for its owner alone to read, if there is none."""
    try:
        if not file.exists():
            _make_salt(file)
        salt = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"expected a salt file to make or to read, got {error}") from error
    if len(salt) < 32:
        raise SettingsError(f"expected 32 or more characters of salt in {file}, got {len(salt)}")
    return salt


def _make_salt(file: Path) -> None:
    """Write a new salt whole or not at all; of two processes at once the first one's stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    made.touch(mode=0o600)
    try:
        made.write_text(secrets.token_hex(32), encoding="utf-8")
        with suppress(FileExistsError):
            file.hardlink_to(made)
    finally:
        made.unlink()
