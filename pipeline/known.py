"""What the lake has of files, and what it lacks of one: nothing, what came since, or all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.accounts import Accounts
from pipeline.errors import NotThereError
from pipeline.files import LocalFile, LogObject, asked_beside, file_named, same_file
from pipeline.growth import Content, Mark, fingerprint_of, opened
from pipeline.lake import Lake
from pipeline.schemas import IN_PART, INGESTS

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class KnownLog:
    """A log of lines as `ingests` has it, with the events it `held`, its own or another file's, in
    how many `understood` records. `ends_in_reject` if `rejects` tells of something after its mark.
    """

    path: str
    fingerprint: str
    source: str | None
    bytes: int
    held: int
    understood: int
    mark: Mark
    ends_in_reject: bool

    def has_all_of(self, content: Content, *, apart_from_rejects: bool = False) -> bool:
        """Whether a plain file that begins with this log holds nothing else; what it ends in may be
        a reject, unless that counts as something else.
        """
        whole = self.mark.read_to == content.size
        ends = self.ends_in_reject and not apart_from_rejects
        return content.size == self.bytes and (whole or ends)

    def is_there(self) -> bool:
        """Whether the file still holds it."""
        return _is_at(self.path, self.mark)


@dataclass(frozen=True)
class Holder:
    """A file that has a content, with the events it held, in how many `understood` records; its
    mark, if it is a log.
    """

    path: str
    content: str
    source: str | None
    held: int
    understood: int
    mark: Mark | None

    def is_there(self) -> bool:
        """Whether the file still has it."""
        return same_file(self.path, self.content) is not None


class Known:
    """What `ingests` tells, to be asked about files of some names and about contents and logs of
    any.

    Of those names: `places`, the (path, content) that the lake has, `booked`, the key of each with
    the `next_record` of logs, which are `documents`, and which are `logs` and when something of
    them was last taken. The rest is looked up: there may be millions of rows.
    """

    def __init__(
        self, of_names: pl.DataFrame | None = None, accounts: Accounts | None = None
    ) -> None:
        nothing = INGESTS.frame([]).with_columns(held=pl.col("events"))
        asked = nothing if of_names is None else of_names
        self.booked = asked.select("source_file", "fingerprint", "next_record")
        self._accounts = accounts
        is_log = asked["edges"].is_not_null()
        kept = pl.coalesce("content", "fingerprint")
        self.places = frozenset(asked.select("source_file", kept).rows())
        self.logs = dict(
            asked.filter(is_log).select("source_file", "ingested_at").sort("ingested_at").rows()
        )
        self._in_part = frozenset(asked.filter(content=IN_PART).select(INGESTS.key).rows())
        documents = asked.filter(~is_log)
        self.documents = frozenset(documents["source_file"])
        fruitless = documents.filter(pl.col("held") == 0).select(
            "bytes", "fingerprint", "source_file"
        )
        self._fruitless = fruitless.rows_by_key("source_file")

    def has_object(self, log: LogObject) -> bool:
        """Whether this is an object of a bucket, and in the lake; nothing is asked of its store."""
        return not isinstance(log, LocalFile) and (log.name, log.fingerprint()) in self.places

    def holder(self, content: str) -> Holder | None:
        """The file of a content that held the most events."""
        rows = self._accounts.of_content(content) if self._accounts is not None else ()
        if not rows:
            return None
        row = rows[-1]
        held, understood = row["held"], row["understood"]
        return Holder(row["source_file"], content, row["source"], held, understood, _mark(row))

    def has_some_of(self, name: str, fingerprint: str) -> bool:
        """Whether an ingest broke off in a file."""
        return (name, fingerprint) in self._in_part

    def outgrown(self, log: LogObject, content: Content) -> list[str]:
        """The fingerprints of what this file was before it grew, when it brought no event: nothing,
        or half a line (of an object that cannot be told).
        """
        on_disk = isinstance(log, LocalFile)
        return [
            fingerprint
            for size, fingerprint in self._fruitless.get(log.name, ())
            if size < content.size
            and (content.begins_with(size, fingerprint) if on_disk else size == 0)
        ]

    def logs_called(self, fingerprint: str) -> list[KnownLog]:
        """The logs of a fingerprint."""
        rows = self._accounts.of_log(fingerprint) if self._accounts is not None else ()
        return [_known_log(row) for row in rows]

    def file(self, path: str, fingerprint: str, containers: frozenset[str]) -> LogObject | None:
        """The file of a key of `ingests`, if it is still there as it was, or grown."""
        for log in self.logs_called(fingerprint):
            if log.path == path:
                is_there = log.is_there() and self._begins_as(log, containers)
                return file_named(path) if is_there else None
        return same_file(path, fingerprint)

    def _begins_as(self, log: KnownLog, containers: frozenset[str]) -> bool:
        """Whether the file of a log has its first line, which its mark does not tell if nothing of
        the log is understood.
        """
        file = file_named(log.path)
        if file is None:
            return False
        with opened(file) as content:
            plain = is_plain_on_disk(file, content)
            first_line = content.first_line(containers, growing=plain)
        if first_line is None:
            return False
        alike = (fingerprint_of(first_line, generation) for generation in itertools.count())
        there = itertools.takewhile(self.logs_called, alike)
        return log.fingerprint in there


@contextmanager
def known_files(lake: Lake, names: Iterable[str] = ()) -> Iterator[Known]:
    """What the lake has of files of these names, and of contents and logs of any."""
    asked = pl.DataFrame({"source_file": list(names)}, schema={"source_file": pl.String})
    with lake.reader(tables=["ingests"]) as reader:
        reader.define("asked", asked)
        of_names = reader.query(SQL / "of_names.sql")
        yield Known(of_names, Accounts(reader))


def _mark(row: Mapping[str, Any]) -> Mark | None:
    if row["edges"] is None:
        return None
    return Mark(row["read_to"], row["next_record"], row["edges"])


def _known_log(row: Mapping[str, Any]) -> KnownLog:
    mark = _mark(row)
    assert mark is not None
    ends_in_reject = row["records"] > mark.next_record
    return KnownLog(
        path=row["source_file"],
        fingerprint=row["fingerprint"],
        source=row["source"],
        bytes=row["bytes"],
        held=row["held"],
        understood=row["understood"],
        mark=mark,
        ends_in_reject=ends_in_reject,
    )


@dataclass(frozen=True)
class Unchanged:
    """The lake has all of it."""


@dataclass(frozen=True)
class Elsewhere:
    """The lake has all of it from another file; `copied` if that one is still there, or an ingest
    broke off in this one.

    `fingerprint` is what it is called under its own name; `content` what it is known by while it is
    unchanged, if it has to be read for that.
    """

    fingerprint: str
    content: str | None
    other: Holder | KnownLog
    copied: bool


@dataclass(frozen=True)
class Grown:
    """The lake has the beginning of it, perhaps under another name."""

    fingerprint: str
    content: str | None
    log: KnownLog


@dataclass(frozen=True)
class New:
    """The lake has nothing of it under any name that it may have had; `is_log` if it is one of
    lines, `is_part` if all of it is the beginning of another, as while that one is being copied.
    """

    fingerprint: str
    content: str | None
    is_log: bool
    is_part: bool = False


Seen = Unchanged | Elsewhere | Grown | New


def seen(log: LogObject, content: Content, known: Known, containers: frozenset[str]) -> Seen:
    """What the lake has of a file and what it lacks. To see that a plain log on disk is unchanged,
    only its edges are read.

    One that lies beside a file that was asked for is meant if that was its name: if the lake has
    its beginning, or if it was written to since the lake last took something under that name.
    """
    what = _seen(log, content, known, containers)
    asked = asked_beside(log)
    if asked is None or isinstance(what, Unchanged | Grown):
        return what
    taken, modified = known.logs.get(asked), log.modified()
    is_later = taken is not None and modified is not None and modified > taken
    return what if is_later and isinstance(what, New) else Unchanged()


def _seen(log: LogObject, content: Content, known: Known, containers: frozenset[str]) -> Seen:
    plain = is_plain_on_disk(log, content)
    if plain and content.size == 0 and log.name in known.logs:
        # It was truncated, or rotated and made anew.
        return Unchanged()
    kept = None if plain else log.fingerprint()
    if (log.name, kept) in known.places:
        return Unchanged()
    first_line = content.first_line(containers, growing=plain)
    if plain and (first_line is None or log.name in known.documents):
        kept = log.fingerprint()
        if (log.name, kept) in known.places:
            return Unchanged()
    if first_line is None:
        assert kept is not None
        return _elsewhere(log, kept, kept, known) or New(kept, kept, is_log=False)
    fingerprint, alike = _alike(log.name, first_line, known)
    return (
        _elsewhere(log, fingerprint, kept, known)
        or _as_log(log, content, alike, fingerprint, kept)
        or New(fingerprint, kept, is_log=True, is_part=plain and _is_part(log, content, alike))
    )


def is_plain_on_disk(log: LogObject, content: Content) -> bool:
    """Whether a file may be appended to, and be read from any place."""
    return isinstance(log, LocalFile) and not content.compressed


def _elsewhere(
    log: LogObject, fingerprint: str, kept: str | None, known: Known
) -> Elsewhere | None:
    holder = known.holder(kept) if kept is not None else None
    if holder is None or holder.path == log.name:
        return None
    copied = holder.is_there() or known.has_some_of(log.name, fingerprint)
    return Elsewhere(fingerprint, kept, holder, copied)


def _alike(name: str, first_line: bytes, known: Known) -> tuple[str, list[KnownLog]]:
    """What a log of this name that begins with a line is called if it is none that the lake has,
    and those of any name that begin so.
    """
    alike: list[KnownLog] = []
    own: str | None = None
    for generation in itertools.count():
        fingerprint = fingerprint_of(first_line, generation)
        logs = known.logs_called(fingerprint)
        alike += logs
        if own is None and all(other.path != name for other in logs):
            own = fingerprint
        if not logs:
            break
    return own or fingerprint, alike


def _as_log(
    log: LogObject, content: Content, alike: list[KnownLog], fingerprint: str, kept: str | None
) -> Seen | None:
    """What a file is that begins as some logs do, if it is one of them."""
    plain = is_plain_on_disk(log, content)
    fitting = content.fits({other.mark for other in alike})
    same = [other for other in alike if other.mark in fitting]
    same.sort(key=lambda other: (other.mark.read_to, other.path == log.name), reverse=True)
    was_here = any(other.path == log.name for other in same)
    for other in same:
        # What lies in a bucket is not renamed there.
        may_be_renamed = isinstance(log, LocalFile) and other.mark.read_to > 0
        if other.path == log.name or (may_be_renamed and not other.is_there()):
            has_all = plain and other.has_all_of(content)
            return Unchanged() if has_all else Grown(fingerprint, kept, other)
        # What the other ends in may become whole there and not here.
        if plain and not was_here and other.has_all_of(content, apart_from_rejects=True):
            return Elsewhere(fingerprint, kept, other, copied=True)
    return None


def _is_part(log: LogObject, content: Content, alike: list[KnownLog]) -> bool:
    return any(
        other.path != log.name
        and other.mark.read_to > content.size
        and _is_at(other.path, content.end())
        for other in alike
    )


def _is_at(path: str, mark: Mark) -> bool:
    """Whether a file holds what a mark tells of."""
    file = file_named(path)
    if file is None:
        return False
    try:
        with opened(file) as content:
            return mark in content.fits({mark})
    except NotThereError:
        return False
