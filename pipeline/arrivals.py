"""Files as they arrive: known or new, of which source, and their records piece by piece.

Reading goes on in a thread of its own while what was read lands in the lake: decompressing,
splitting, SQL and writing each leave Python's lock, so both cores are busy.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pipeline.errors import InputError
from pipeline.files import LogObject, fetched_ahead
from pipeline.records import Broken, Piece, read_pieces
from pipeline.sources import Source, sources

_PEEK = 50
_AHEAD = 4
"""Pieces read ahead of what lands; bounds memory."""


@dataclass
class LogFile:
    """A file being read: what it is, and what has become of its records so far.

    `same_as` is the file whose content it has under another name, which brought its events.
    """

    path: str
    fingerprint: str
    bytes: int
    source: str | None = None
    same_as: LogFile | None = None
    records: int = 0
    events: int = 0
    duplicates: int = 0
    rejects: int = 0
    first_event_at: datetime | None = None
    last_event_at: datetime | None = None


@dataclass(frozen=True)
class Arrival:
    """Some records of a file; `last` if the file ends with them."""

    file: LogFile
    piece: Piece = field(default_factory=Piece)
    last: bool = False


@dataclass(frozen=True)
class Known:
    """What the lake has: (path, fingerprint) of its files, and events by fingerprint."""

    places: frozenset[tuple[str, str]]
    contents: dict[str, int]


def arrivals(
    files: Iterable[LogObject], known: Known, *, given: Source | None, max_record_bytes: int
) -> Iterator[Arrival | None]:
    """What the files hold, read ahead in a thread; None for each file the lake has unchanged."""
    return _read_ahead(_arrivals(files, known, given=given, max_record_bytes=max_record_bytes))


def _arrivals(
    files: Iterable[LogObject], known: Known, *, given: Source | None, max_record_bytes: int
) -> Iterator[Arrival | None]:
    contents = {
        content: LogFile("", content, 0, events=events)
        for content, events in known.contents.items()
    }
    for log in fetched_ahead(files, known=known.places):
        content = log.fingerprint()
        file = LogFile(log.name, content, log.size)
        if (file.path, content) in known.places:
            yield None
        elif content in contents:
            file.same_as = contents[content]
            yield Arrival(file, last=True)
        else:
            contents[content] = file
            yield from records_of(log, file, given, max_record_bytes)


def records_of(
    log: LogObject, file: LogFile, given: Source | None, max_record_bytes: int
) -> Iterator[Arrival]:
    """The pieces of one file; a file of no known source is one reject, whatever is in it."""
    containers = frozenset(key for source in sources().values() for key in source.containers)
    source = given
    empty = True
    try:
        for piece in read_pieces(log, containers=containers, max_record_bytes=max_record_bytes):
            source = source or _recognise(piece)
            if source is None:
                yield Arrival(file, _as_a_whole(_unrecognised(piece), _first_text(piece)), True)
                return
            file.source = source.name
            empty = empty and not piece.texts and not piece.broken
            yield Arrival(file, piece)
    except OSError as error:
        raise InputError(f"cannot read {log.name}: {error.strerror}") from error
    rest = _as_a_whole("expected records, got an empty file", b"") if empty else Piece()
    yield Arrival(file, rest, True)


def _as_a_whole(reason: str, text: bytes) -> Piece:
    return Piece(broken=[Broken(-1, reason, text)])


def _read_ahead(source: Iterator[Arrival | None]) -> Iterator[Arrival | None]:
    """The same items, made in a thread; what that raises is raised here."""
    items: queue.Queue[tuple[str, Arrival | BaseException | None]] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def put(kind: str, item: Arrival | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                items.put((kind, item), timeout=0.1)
            except queue.Full:
                continue
            return

    def read() -> None:
        try:
            for item in source:
                put("item", item)
                if stopped.is_set():
                    return
        except BaseException as error:
            put("error", error)
        else:
            put("end", None)

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = items.get()
            if kind == "end":
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def _recognise(piece: Piece) -> Source | None:
    """The source whose records these are, by the first that any source knows."""
    for text in piece.texts[:_PEEK]:
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
    if not piece.texts:
        fault = piece.broken[0].reason if piece.broken else "nothing"
        return f"expected records of {known}; {fault}"
    return f"expected records of {known}, got other JSON; name it with --source if it is one"


def _first_text(piece: Piece) -> bytes:
    if piece.texts:
        return bytes(piece.texts[0])
    return piece.broken[0].text if piece.broken else b""
