"""What the lake has of files, and what it lacks of one: nothing, what came since, or all of it.

A file that an ingest began with and did not book may have events in the lake. Who reads its content
next, under whatever name, books that file too if it is no more: a log that was renamed is read on
as what it was, any other file is `gone`. If nobody has its content, and its name something else, it
is `lost`.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.accounts import Accounts
from pipeline.errors import NotThereError
from pipeline.files import LocalFile, LogObject, asked_beside, file_named, same_file
from pipeline.growth import NOTHING, Content, Mark, fingerprint_of, opened
from pipeline.lake import Lake
from pipeline.schemas import BEGUN, INGESTS

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class KnownLog:
    """A log of lines as `ingests` has it, with the events it `held`, its own or another file's, in
    how many `understood` records. `ends_in_reject` if `rejects` tells of something after its mark.

    Of one that is only begun nothing is `booked`; `begins` is what it is known again by.
    """

    path: str
    fingerprint: str
    source: str | None
    bytes: int
    held: int
    understood: int
    mark: Mark
    ends_in_reject: bool
    begins: Mark | None = None

    @property
    def booked(self) -> bool:
        return self.begins is None

    @property
    def known_by(self) -> Mark:
        return self.begins or self.mark

    def has_all_of(self, content: Content) -> bool:
        """Whether a plain file that begins with this log holds nothing else."""
        whole = self.mark.read_to == content.size
        return content.size == self.bytes and (whole or self.ends_in_reject)

    def is_there(self) -> bool:
        """Whether the file still holds it."""
        return _is_at(self.path, self.known_by)


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


@dataclass(frozen=True)
class Lost:
    """A file that is only begun, and whose name is that of something else: what it has grown to, if
    it `has_grown`.
    """

    path: str
    fingerprint: str
    bytes: int
    source: str | None
    has_grown: bool


class Known:
    """What `ingests` and `begun` tell, to be asked about files of some names and about contents and
    logs of any.

    Of those names: `places`, the (path, content) that the lake has, `booked`, the key of each with
    the `next_record` of logs, which are `documents`, and which are `logs` and when something of
    them was last taken, or begun. The rest is looked up: there may be millions of rows.
    """

    def __init__(
        self,
        of_names: pl.DataFrame | None = None,
        names: Iterable[str] = (),
        begun: pl.DataFrame | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        nothing = INGESTS.frame([]).with_columns(held=pl.col("events"))
        asked = nothing if of_names is None else of_names
        self.booked = asked.select("source_file", "fingerprint", "next_record")
        self._begun = BEGUN.frame([]) if begun is None else begun
        self._begun_of_names = self._begun.filter(pl.col("source_file").is_in(list(names)))
        self._accounts = accounts
        is_log = asked["edges"].is_not_null()
        begun_logs = self._begun_of_names.filter(pl.col("edges").is_not_null()).select(
            "source_file", pl.col("begun_at").alias("ingested_at")
        )
        latest = pl.concat([begun_logs, asked.filter(is_log).select(begun_logs.columns)])
        kept = pl.coalesce("content", "fingerprint")
        self.places = frozenset(asked.select("source_file", kept).rows())
        self.documents = frozenset(asked.filter(~is_log)["source_file"])
        shown = ["bytes", "fingerprint", "source_file"]
        fruitless = asked.filter(~is_log, pl.col("held") == 0).select(shown)
        begun_documents = self._begun_of_names.filter(pl.col("edges").is_null()).select(shown)
        self._fewer = pl.concat([fruitless, begun_documents]).rows_by_key("source_file")
        self.logs = dict(latest.sort("ingested_at").rows())

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

    def is_begun(self, name: str, fingerprint: str) -> bool:
        """Whether a file is only begun."""
        begun = self._begun_by_print.get(fingerprint, ())
        return any(row["source_file"] == name for row in begun)

    def outgrown(self, log: LogObject, content: Content) -> list[str]:
        """The fingerprints of what this file was before it grew, and brought no event (nothing, or
        half a line) or was not wholly in.
        """
        if not isinstance(log, LocalFile):
            return []
        return [
            fingerprint
            for size, fingerprint in self._fewer.get(log.name, ())
            if size < content.size and content.begins_with(size, fingerprint)
        ]

    def gone(self, content: str) -> list[str]:
        """The names of documents with a content that are only begun and are there no more."""
        names = (row["source_file"] for row in self._begun_by_print.get(content, ()))
        return [name for name in names if same_file(name, content) is None]

    def lost(self, *, apart_from: Container[tuple[str, str]]) -> Iterator[Lost]:
        """The files of those names that are only begun, their names being of something else; not
        those of some (name, fingerprint), which are read now.
        """
        for row in self._begun_of_names.iter_rows(named=True):
            if (row["source_file"], row["fingerprint"]) not in apart_from:
                with suppress(NotThereError):
                    yield from _lost(row)

    def logs_called(self, fingerprint: str) -> list[KnownLog]:
        """The logs of a fingerprint, those last that are only begun."""
        rows = self._accounts.of_log(fingerprint) if self._accounts is not None else ()
        begun = (row for row in self._begun_by_print.get(fingerprint, ()) if row["edges"])
        return [*(_known_log(row) for row in rows), *(_begun_log(row) for row in begun)]

    def file(self, path: str, fingerprint: str) -> LogObject | None:
        """The file of a key of `ingests`, if it is still there as it was, or grown."""
        for log in self.logs_called(fingerprint):
            if log.path == path:
                return file_named(path) if log.is_there() else None
        return same_file(path, fingerprint)

    @cached_property
    def _begun_by_print(self) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in self._begun.iter_rows(named=True):
            rows.setdefault(row["fingerprint"], []).append(row)
        return rows


@contextmanager
def known_files(lake: Lake, names: Iterable[str] = ()) -> Iterator[Known]:
    """What the lake has of files of these names, and of contents and logs of any."""
    asked = pl.DataFrame({"source_file": list(names)}, schema={"source_file": pl.String})
    with lake.reader(tables=["ingests", "begun"]) as reader:
        reader.define("asked", asked)
        of_names = reader.query(SQL / "of_names.sql")
        begun = reader.query(SQL / "only_begun.sql")
        yield Known(of_names, asked["source_file"], begun, Accounts(reader))


def _lost(row: Mapping[str, Any]) -> Iterator[Lost]:
    """A file that is only begun, if its name is that of something else."""
    path, fingerprint, size = row["source_file"], row["fingerprint"], row["bytes"]
    log = file_named(path)
    is_there = row["edges"] is not None and _begun_log(row).is_there()
    if log is not None and not is_there and same_file(path, fingerprint) is None:
        with opened(log) as content:
            has_grown = content.begins_with(size, fingerprint)
        yield Lost(path, fingerprint, size, row["source"], has_grown)


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


def _begun_log(row: Mapping[str, Any]) -> KnownLog:
    return KnownLog(
        path=row["source_file"],
        fingerprint=row["fingerprint"],
        source=row["source"],
        bytes=row["bytes"],
        held=0,
        understood=0,
        mark=NOTHING,
        ends_in_reject=False,
        begins=Mark(row["read_to"], 0, row["edges"]),
    )


@dataclass(frozen=True)
class Unchanged:
    """The lake has all of it."""


@dataclass(frozen=True)
class Elsewhere:
    """The lake has all of it from another file; `copied` if that one is still there, or something
    may have landed from this one.

    `fingerprint` is what it is called under its own name; `content` what it is known by while it is
    unchanged, if it has to be read for that.
    """

    fingerprint: str
    content: str | None
    other: Holder | KnownLog
    copied: bool


@dataclass(frozen=True)
class Grown:
    """The lake has the beginning of it, perhaps under another name. `gone` are other names under
    which it was begun and is there no more.
    """

    fingerprint: str
    content: str | None
    log: KnownLog
    gone: tuple[KnownLog, ...] = ()


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
    fingerprint, alike = _alike(log.name, content, first_line, known)
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
    copied = holder.is_there() or known.is_begun(log.name, fingerprint)
    return Elsewhere(fingerprint, kept, holder, copied)


def _alike(
    name: str, content: Content, first_line: bytes, known: Known
) -> tuple[str, list[KnownLog]]:
    """What a log of this name that begins with a line is called if it is none that the lake has,
    and those of any name that begin so.
    """

    def is_another(log: KnownLog) -> bool:
        """Whether a log is of this name, and not this one, only begun."""
        return log.path == name and (log.booked or log.known_by not in content.fits({log.known_by}))

    alike: list[KnownLog] = []
    own: str | None = None
    for generation in itertools.count():
        fingerprint = fingerprint_of(first_line, generation)
        logs = known.logs_called(fingerprint)
        alike += logs
        if own is None and not any(map(is_another, logs)):
            own = fingerprint
        if not logs:
            break
    return own or fingerprint, alike


def _as_log(
    log: LogObject, content: Content, alike: list[KnownLog], fingerprint: str, kept: str | None
) -> Seen | None:
    """What a file is that begins as some logs do, if it is one of them."""
    plain = is_plain_on_disk(log, content)
    fitting = content.fits({other.known_by for other in alike})
    same = [other for other in alike if other.known_by in fitting]
    same.sort(key=lambda other: (other.mark.read_to, other.path == log.name), reverse=True)
    was_here = any(other.path == log.name for other in same)
    for other in same:
        has_all = plain and other.has_all_of(content)
        # What lies in a bucket is not renamed there.
        may_be_renamed = isinstance(log, LocalFile) and other.known_by.read_to > 0
        if other.path == log.name or (may_be_renamed and not other.is_there()):
            begun = (each for each in same if each is not other and not each.booked)
            gone = tuple(each for each in begun if not each.is_there())
            return Unchanged() if has_all else Grown(fingerprint, kept, other, gone)
        if has_all and not was_here:
            return Elsewhere(fingerprint, kept, other, copied=True)
    return None


def _is_part(log: LogObject, content: Content, alike: list[KnownLog]) -> bool:
    return any(
        other.path != log.name
        and other.known_by.read_to > content.size
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
