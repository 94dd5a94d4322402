"""Files as they arrive: known, grown or new, of which source, and their records piece by piece."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import polars as pl

from pipeline.errors import InputError, NotThereError
from pipeline.files import LocalFile, LogObject, as_found, fetched_ahead
from pipeline.growth import NOTHING, Content, Growth, Mark, opened
from pipeline.known import (
    Elsewhere,
    Grown,
    Known,
    KnownLog,
    New,
    Unchanged,
    is_plain_on_disk,
    seen,
)
from pipeline.records import Broken, Piece, split
from pipeline.sources import Source, containers, sources

_PEEK = 50
_AHEAD = 2
"""Pieces read ahead of what lands; bounds memory."""


@dataclass(eq=False)
class LogFile:
    """A file being read: what it is, and what has become of the records of it that have landed now.

    `there` is where it is read from, if it is. `same_as` is the file whose content it has under
    another name, which brought its events. A log's `before` is how far it was read; its `mark` is
    how far it is, in the end. `content` is what it is known by while it is unchanged, if that is
    not its fingerprint. `outgrown` are fingerprints that it had before it grew, when it was no log
    yet: their accounts and rejects go when it comes. `replays` are rejects of it that are tried
    again, and nothing else.
    """

    path: str
    fingerprint: str
    bytes: int
    source: str | None = None
    there: LogObject | None = None
    same_as: LogFile | None = None
    before: KnownLog | None = None
    mark: Mark | None = None
    content: str | None = None
    outgrown: Sequence[str] = ()
    replays: pl.DataFrame | None = None
    has_landed: bool = False
    next_index: int = 0
    records: int = 0
    events: int = 0
    duplicates: int = 0
    rejects: int = 0

    def __post_init__(self) -> None:
        if self.before is not None:
            self.next_index = self.before.mark.next_record

    @property
    def names(self) -> set[str]:
        """Of what the lake must have nothing new since it was read: its own name, the one under
        which it was first read, that of the file whose content it has, and of any name what has its
        fingerprint, for it may have been renamed.
        """
        names = {self.path, self.fingerprint}
        names |= {file.name for file in (self.there,) if file is not None}
        return names | {file.path for file in (self.same_as,) if file is not None}


@dataclass(frozen=True)
class Arrival:
    """Some records of a file, up to a `mark` if it is a log; `last` if the file ends with them.
    `apart` if what came before of another file with its path has to land first.
    """

    file: LogFile
    piece: Piece = field(default_factory=Piece)
    mark: Mark | None = None
    last: bool = False
    apart: bool = False


@dataclass(frozen=True)
class Passed:
    """A file of which no more is read now: it is unchanged, or `left`; it may be looked at again
    when it has changed, or after `until`, or once what is read now is in: then it is told what
    `waits`. `fault` is why it cannot be read.
    """

    name: str
    left: bool = False
    waits: LogObject | None = None
    until: datetime | None = None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long files that may still be written are left alone, and since when (`since`) each was
    seen as it is.

    What is not appended to (compressed, or a document) is read once it was unchanged for `settle`;
    what is not whole (half a line, a cut gzip) as it is, once it was unchanged for `give_up`.
    """

    now: datetime
    settle: timedelta
    give_up: timedelta
    since: Mapping[str, datetime]

    def until(self, log: LogObject, age: timedelta) -> datetime | None:
        """When the file will be of that age; None if it is."""
        modified = log.modified()
        if modified is None:
            return None
        # By its own time or by ours, whichever is longer ago: clocks differ.
        then = min(modified, self.since.get(log.name, self.now)) + age
        return then if then > self.now else None


def arrivals(
    files: Iterable[LogObject],
    known: Known,
    *,
    given: Source | None,
    max_record_bytes: int,
    patience: Patience | None = None,
) -> Generator[Arrival | Passed]:
    """What the files hold that the lake lacks, read ahead in a thread; what is gone since it was
    found is left.

    Without `patience` each is read as it is, and one that cannot be read is an error.
    """
    reading = _Reading(known, given, max_record_bytes, patience)
    return _read_ahead(reading.of_all(fetched_ahead(files, known=known.places)))


def records_of(
    log: LogObject, file: LogFile, given: Source | None, max_record_bytes: int
) -> Iterator[Arrival]:
    """All of one file; a file of no known source is one reject, whatever is in it."""
    reading = _Reading(Known(), given, max_record_bytes)
    with opened(log) as content:
        plain = is_plain_on_disk(log, content)
        is_log = content.first_line(containers(), growing=plain) is not None
        if is_log and not plain:
            file.content = log.fingerprint()
        for item in reading.whole(log, content, file, is_log=is_log):
            if isinstance(item, Arrival):
                yield item


class _Reading:
    """Reads one file after the other."""

    def __init__(
        self,
        known: Known,
        given: Source | None,
        max_record_bytes: int,
        patience: Patience | None = None,
    ) -> None:
        self.known = known
        self.given = given
        self.max_record_bytes = max_record_bytes
        self.patience = patience
        self._documents: dict[str, LogFile] = {}
        self._logs: set[tuple[str, str]] = set()
        self._at: dict[str, LogFile] = {}

    def of_all(self, logs: Iterable[LogObject]) -> Iterator[Arrival | Passed]:
        """What files hold that the lake lacks."""
        for log in logs:
            yield from self.of(log)

    def of(self, log: LogObject) -> Iterator[Arrival | Passed]:
        """What a file holds that the lake lacks."""
        if self.known.has_object(log):
            yield Passed(log.name)
            return
        try:
            with opened(log) as content:
                yield from self._of(log, content)
        except NotThereError:
            yield Passed(log.name, left=True, until=self.patience.now if self.patience else None)
        except InputError as error:
            # One file of a folder must not keep the others from being read, time and again.
            if self.patience is None or not isinstance(log, LocalFile):
                raise
            yield Passed(log.name, left=True, until=self.patience.now, fault=str(error))

    def _of(self, log: LogObject, content: Content) -> Iterator[Arrival | Passed]:
        until = self._until_settled(log, content)
        if until is not None or (self.patience is not None and content.size == 0):
            yield Passed(log.name, left=True, until=until)
            return
        what = seen(log, content, self.known, containers())
        if isinstance(what, New) and what.is_part and self.patience is not None:
            until = self.patience.until(log, self.patience.settle)
        if until is not None:
            yield Passed(log.name, left=True, until=until)
        elif isinstance(what, Unchanged):
            yield Passed(log.name)
        elif isinstance(what, Grown):
            yield from self._grown(log, content, what)
        else:
            yield from self._not_there(log, content, what)

    def _not_there(
        self, log: LogObject, content: Content, what: Elsewhere | New
    ) -> Iterator[Arrival | Passed]:
        """A file that the lake does not have under its name."""
        file = LogFile(
            log.name, what.fingerprint, content.size, there=as_found(log), content=what.content
        )
        file.outgrown = self.known.outgrown(log, content)
        if isinstance(what, Elsewhere):
            other = what.other
            file.source, file.mark = other.source, other.mark
            held = (other.understood, other.held) if what.copied else (0, 0)
            file.same_as = LogFile(other.path, "", 0, records=held[0], events=held[1])
            yield Arrival(file, last=True)
        elif what.fingerprint in self._documents:
            file.same_as = self._documents[what.fingerprint]
            yield Arrival(file, last=True)
        else:
            yield from self.whole(log, content, file, is_log=what.is_log)

    def whole(
        self, log: LogObject, content: Content, file: LogFile, *, is_log: bool
    ) -> Iterator[Arrival | Passed]:
        """All that a file holds."""
        if is_log:
            yield from self._lines(log, content, file)
        else:
            self._documents[file.fingerprint] = file
            yield from self._document(log, content, file)

    def _grown(self, log: LogObject, content: Content, grown: Grown) -> Iterator[Arrival | Passed]:
        """What a log holds after its mark; it keeps the name under which it was first read."""
        known = grown.log
        if (known.path, known.fingerprint) in self._logs:
            # Another name of the same log is being read on.
            yield Passed(log.name, waits=as_found(log))
            return
        self._logs.add((known.path, known.fingerprint))
        source = self.given.name if self.given is not None else known.source
        file = LogFile(
            known.path, known.fingerprint, known.bytes, source, there=as_found(log), before=known
        )
        renamed = known.path != log.name
        if not (renamed and content.compressed):
            file.bytes, file.content = content.size, grown.content
        all_taken = yield from self._lines(log, content, file)
        if renamed and content.compressed and all_taken:
            # So that it need not be decompressed again to see that nothing of it is new.
            same = LogFile(
                log.name,
                grown.fingerprint,
                content.size,
                file.source,
                there=as_found(log),
                same_as=LogFile(known.path, "", 0),
                mark=file.mark,
                content=grown.content,
            )
            yield Arrival(same, last=True)

    def _lines(
        self, log: LogObject, content: Content, file: LogFile
    ) -> Generator[Arrival | Passed, None, bool]:
        """The records of a log after its mark, with what it ends in, unless that may become whole;
        returns whether that is all.
        """
        known = file.before
        until = self._until(log)
        start = known.mark if known is not None else NOTHING
        growth = Growth(content, start, containers(), self.max_record_bytes, tells=until is None)
        size = known.bytes if known is not None else None
        anything = known is None
        for piece in growth.pieces():
            if not self._recognised(file, piece):
                file.mark = NOTHING
                # Of a log that was not recognised before either, this is told already.
                yield self._as_a_whole(file, piece) if known is None else Passed(log.name)
                return False
            yield self._arrival(file, piece, mark=growth.mark)
            anything = True
        file.mark = growth.mark
        left = growth.unfinished and until is not None
        if left:
            file.content = None
        if anything or growth.mark != start or (file.bytes != size and not left):
            yield self._arrival(file, last=True)
        if left or not anything:
            yield Passed(log.name, left=left, until=until if left else None)
        return not left

    def _document(
        self, log: LogObject, content: Content, file: LogFile
    ) -> Iterator[Arrival | Passed]:
        """The records of a document, unless something in it is not whole and may become so."""
        empty = True
        for piece in split(
            content.blocks(), containers=containers(), max_record_bytes=self.max_record_bytes
        ):
            until = self._until(log) if piece.broken else None
            if until is not None:
                del self._documents[file.fingerprint]
                yield Passed(log.name, left=True, until=until)
                return
            if not self._recognised(file, piece):
                yield self._as_a_whole(file, piece)
                return
            empty = empty and not piece.indexes and not piece.broken
            yield self._arrival(file, piece)
        nothing = [Broken(-1, "expected records, got an empty file", b"")] if empty else []
        yield self._arrival(file, Piece(broken=nothing), last=True)

    def _recognised(self, file: LogFile, piece: Piece) -> bool:
        """Whether the file's source is known, by this piece if need be."""
        if file.source is None:
            source = self.given or _recognise(piece)
            file.source = source.name if source is not None else None
        return file.source is not None

    def _as_a_whole(self, file: LogFile, piece: Piece) -> Arrival:
        """The file as one reject."""
        reject = Broken(-1, _unrecognised(piece), _first_text(piece))
        return self._arrival(file, Piece(broken=[reject]), last=True)

    def _arrival(
        self,
        file: LogFile,
        piece: Piece | None = None,
        *,
        mark: Mark | None = None,
        last: bool = False,
    ) -> Arrival:
        before = self._at.get(file.path, file)
        self._at[file.path] = file
        return Arrival(file, piece or Piece(), mark, last, apart=before is not file)

    def _until_settled(self, log: LogObject, content: Content) -> datetime | None:
        """When to read what is not appended to: once nobody writes it any more."""
        if self.patience is None:
            return None
        plain = is_plain_on_disk(log, content)
        if plain and content.first_line(containers(), growing=True) is not None:
            return None
        return self.patience.until(log, self.patience.settle)

    def _until(self, log: LogObject) -> datetime | None:
        """Until when to wait for what is not whole to become so."""
        return self.patience.until(log, self.patience.give_up) if self.patience else None


def _read_ahead(source: Iterator[Arrival | Passed]) -> Generator[Arrival | Passed]:
    """The same items, made in a thread; what that raises is raised here."""
    items: queue.Queue[Arrival | Passed | BaseException | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(item: Arrival | Passed | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                items.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for item in source:
                put(item)
                if stopped.is_set():
                    return
        except BaseException as error:
            put(error)
        else:
            put(None)

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = items.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                return
            yield item
    finally:
        stopped.set()
        thread.join()


def _recognise(piece: Piece) -> Source | None:
    """The source whose records these are, by the first that any source knows."""
    for text in piece.texts[:_PEEK].to_pylist():
        try:
            record = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if isinstance(record, dict):
            for source in sources().values():
                if source.recognises(record):
                    return source
    return None


def _unrecognised(piece: Piece) -> str:
    known = ", ".join(sources())
    if not piece.indexes:
        fault = piece.broken[0].reason if piece.broken else "nothing"
        return f"expected records of {known}; {fault}"
    told = f"expected records of {known}, got other JSON"
    return f"{told}; if it is of one of them: nhiwatch rejects --replay --as SOURCE"


def _first_text(piece: Piece) -> bytes:
    if piece.indexes:
        return str(piece.texts[0]).encode()
    return piece.broken[0].text if piece.broken else b""
