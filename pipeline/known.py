"""What the lake has of files, and what it lacks of one: nothing, what came since, or all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.errors import NotThereError
from pipeline.files import LocalFile, LogObject, file_named, is_rotated, same_file
from pipeline.growth import Content, Mark, fingerprint_of, opened
from pipeline.lake import Lake

_COLUMNS = ["source_file", "fingerprint", "content", "source", "bytes", "records", "events"]
_MARK_COLUMNS = ["read_to", "next_record", "edges"]


@dataclass(frozen=True)
class KnownLog:
    """A log of lines as `ingests` has it. `told` if `rejects` tells of something after its mark."""

    path: str
    fingerprint: str
    source: str | None
    bytes: int
    events: int
    mark: Mark
    told: bool

    def has_all_of(self, content: Content) -> bool:
        """Whether a plain file that begins with this log holds nothing else."""
        whole = self.mark.read_to == content.size
        return content.size == self.bytes and (whole or self.told)

    def is_there(self) -> bool:
        """Whether the file still holds it."""
        return _is_at(self.path, self.mark)


@dataclass(frozen=True)
class Holder:
    """A file that has a content; its mark, if it is a log."""

    path: str
    content: str
    source: str | None
    events: int
    mark: Mark | None

    def is_there(self) -> bool:
        """Whether the file still has it."""
        return same_file(self.path, self.content) is not None


@dataclass(frozen=True)
class Known:
    """The files that the lake has: (path, content) of all, one of each content, logs by
    fingerprint, and the names of those that are none and of those that are.
    """

    places: frozenset[tuple[str, str]] = frozenset()
    contents: dict[str, Holder] = field(default_factory=dict)
    logs: dict[str, list[KnownLog]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    log_names: frozenset[str] = frozenset()

    def has_object(self, log: LogObject) -> bool:
        """Whether this is an object of a bucket, and in the lake; nothing is asked of its store."""
        return not isinstance(log, LocalFile) and (log.name, log.fingerprint()) in self.places

    def file(self, path: str, fingerprint: str) -> LogObject | None:
        """The file of a key of `ingests`, if it is still there as it was, or grown."""
        for log in self.logs.get(fingerprint, ()):
            if log.path == path:
                return file_named(path) if log.is_there() else None
        return same_file(path, fingerprint)


def known_files(lake: Lake) -> Known:
    """What `ingests` tells."""
    with lake.reader(tables=["ingests"]) as reader:
        rows = reader.columns("ingests", [*_COLUMNS, *_MARK_COLUMNS]).sort("events").rows()
    places: set[tuple[str, str]] = set()
    contents: dict[str, Holder] = {}
    logs: dict[str, list[KnownLog]] = {}
    documents: set[str] = set()
    for path, fingerprint, kept, source, size, records, events, *marked in rows:
        content = kept or fingerprint
        mark = Mark(*marked) if None not in marked else None
        places.add((path, content))
        contents[content] = Holder(path, content, source, events, mark)
        if mark is None:
            documents.add(path)
        else:
            told = records > mark.next_record
            log = KnownLog(path, fingerprint, source, size, events, mark, told)
            logs.setdefault(fingerprint, []).append(log)
    log_names = frozenset(log.path for alike in logs.values() for log in alike)
    return Known(frozenset(places), contents, logs, frozenset(documents), log_names)


@dataclass(frozen=True)
class Unchanged:
    """The lake has all of it."""


@dataclass(frozen=True)
class Elsewhere:
    """The lake has all of it from another file; `copied` if that one is still there.

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
    """What the lake has of a file and what it lacks; of one that was found beside a file that was
    named, it lacks nothing unless it is that one's log. To see that a plain log on disk is
    unchanged, only its edges are read.
    """
    what = _seen(log, content, known, containers)
    return Unchanged() if isinstance(what, Elsewhere | New) and is_rotated(log) else what


def _seen(log: LogObject, content: Content, known: Known, containers: frozenset[str]) -> Seen:
    plain = is_plain_on_disk(log, content)
    if plain and content.size == 0 and log.name in known.log_names:
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
    holder = known.contents.get(kept) if kept is not None else None
    if holder is None or holder.path == log.name:
        return None
    return Elsewhere(fingerprint, kept, holder, copied=holder.is_there())


def _alike(name: str, first_line: bytes, known: Known) -> tuple[str, list[KnownLog]]:
    """What a log of this name that begins with a line is called if it is none that the lake has,
    and those of any name that begin so.
    """
    alike: list[KnownLog] = []
    own: str | None = None
    for generation in itertools.count():
        fingerprint = fingerprint_of(first_line, generation)
        logs = known.logs.get(fingerprint, [])
        alike += logs
        if own is None and all(log.path != name for log in logs):
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
    for own in _longest_first(other for other in same if other.path == log.name):
        all_there = plain and own.has_all_of(content)
        return Unchanged() if all_there else Grown(fingerprint, kept, own)
    # What lies in a bucket is not renamed there.
    others = (other for other in same if isinstance(log, LocalFile) and other.mark.read_to)
    for other in _longest_first(others):
        all_there = plain and other.has_all_of(content)
        if not other.is_there():
            return Unchanged() if all_there else Grown(fingerprint, kept, other)
        if all_there:
            return Elsewhere(fingerprint, kept, other, copied=True)
    return None


def _is_part(log: LogObject, content: Content, alike: list[KnownLog]) -> bool:
    longer = [o for o in alike if o.path != log.name and o.mark.read_to > content.size]
    return bool(longer) and any(_is_at(other.path, content.end()) for other in longer)


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


def _longest_first(logs: Iterable[KnownLog]) -> list[KnownLog]:
    return sorted(logs, key=lambda log: log.mark.read_to, reverse=True)
