"""One family of errors. Each is one line a user can act on, and carries its place as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where something went wrong. Every part may be unknown."""

    file: str | None = None
    record: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        parts = [
            self.file or "",
            "" if self.record is None else f"record {self.record}",
            "" if self.column is None else f"column {self.column}",
        ]
        return ", ".join(part for part in parts if part)


def encodable(text: str) -> str:
    """The text with escapes for what UTF-8 has no bytes for, as names of files may hold."""
    return text.encode("utf-8", "backslashreplace").decode()


class NhiwatchError(Exception):
    """Base of all errors a user can fix: what was expected, what came, what to do."""

    def __init__(self, message: str, *, place: Place | None = None) -> None:
        self.place = place or Place()
        where = str(self.place)
        super().__init__(encodable(f"{where}: {message}" if where else message))


class SettingsError(NhiwatchError):
    """A setting is missing, unknown or of the wrong kind."""


class InputError(NhiwatchError):
    """An input path cannot be read, or is of no source we know."""


class NotThereError(InputError):
    """An input path means nothing, at least not yet."""


class LakeError(NhiwatchError):
    """The lake is not there, not a lake, or cannot be written."""


class VersionGoneError(LakeError):
    """A snapshot of a table is asked for whose files are deleted."""

    def __init__(self, table: str, version: int) -> None:
        super().__init__(
            f"version {version} of table {table} is no longer there: its files were replaced, and "
            "deleted after keep_hours; query the tables as they are now"
        )


class QueryError(NhiwatchError):
    """A query a user gave is not valid, or not allowed."""


class NotFoundError(NhiwatchError):
    """The thing named (a finding, a detector, a table) does not exist."""


class DetectorError(NhiwatchError):
    """A detector failed; the others went on."""

    def __init__(self, message: str, *, detector: str) -> None:
        self.detector = detector
        super().__init__(f"detector {detector}: {message}")
