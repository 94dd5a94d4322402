"""Accounts of `ingests` by what their files hold, looked up among millions.

Of most files that come, the lake has nothing: to see that, eight bytes of each account are enough,
a number made of what it holds. Where that number is there, accounts are read: all of a part of the
table, so that many look-ups do not read it many times.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipeline.reader import LakeReader

SQL = Path(__file__).parent / "sql"
_DIGITS = 15
"""Hex digits that make a number, as in `account_numbers.sql`."""
_PART = 100_000
"""Accounts read at once, about: some 40 MB."""


class Accounts:
    """Accounts of the snapshot that a reader shows. Those of logs that begin as one of the relation
    `asked` does are read at once: they are what logs that grow are compared with.
    """

    def __init__(self, reader: LakeReader) -> None:
        numbers = reader.arrow(SQL / "account_numbers.sql")
        alike = reader.query(SQL / "accounts_alike.sql")
        self._contents = _Parts(reader, "content", numbers["of_content"].drop_null().to_numpy())
        self._logs = _Parts(reader, "log", numbers["of_log"].drop_null().to_numpy())
        self._alike = alike.rows_by_key("held_by", named=True)

    def of_content(self, content: str) -> list[dict[str, Any]]:
        """Those of files that have a content."""
        return self._contents.of(content)

    def of_log(self, fingerprint: str) -> list[dict[str, Any]]:
        """Those of logs of a fingerprint."""
        there: list[dict[str, Any]] | None = self._alike.get(fingerprint)
        return self._logs.of(fingerprint) if there is None else there


class _Parts:
    """Accounts by their content, or by their logs' fingerprint, and the numbers of all of them."""

    def __init__(self, reader: LakeReader, kind: str, numbers: np.ndarray[Any, Any]) -> None:
        self._reader = reader
        self._sql = SQL / f"accounts_of_{kind}.sql"
        self._numbers = np.sort(numbers)
        self._parts = 1 + len(numbers) // _PART
        self._read: dict[int, pl.DataFrame] = {}

    def of(self, held: str) -> list[dict[str, Any]]:
        number = int(held[:_DIGITS], 16)
        at = np.searchsorted(self._numbers, number)
        if number not in self._numbers[at : at + 1]:
            return []
        part = number % self._parts
        if part not in self._read:
            params = {"part": part, "parts": self._parts}
            self._read[part] = self._reader.query(self._sql, params)
        return self._read[part].filter(pl.col("held_by") == held).to_dicts()
