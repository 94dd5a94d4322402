"""One family of errors. Each is one line a user can act on."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with escapes for what UTF-8 has no bytes for, as names of files may hold."""
    return text.encode("utf-8", "backslashreplace").decode()


class NhiwatchError(Exception):
    """Base of all errors a user can fix: what was expected, what came, what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(encodable(message))


class SettingsError(NhiwatchError):
    """A setting is missing, unknown or of the wrong kind."""


class InputError(NhiwatchError):
    """An input path cannot be read, or is of no source we know."""


class NotThereError(InputError):
    """An input path means nothing, at least not yet."""


class SourceError(NhiwatchError):
    """A log source's SELECT does not return what it has to."""


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
