"""Logs that grow by lines: how far one is read, what it is known again by, reading on from there.

A log is a file whose first line is whole: plain, compressed or in a bucket. What is taken of it are
whole lines, counted in bytes of its plain content. What follows the last newline is its rest: taken
if it is a whole JSON object or array; else only told of, as a reject, and read again when the file
changes.

A log is known again by its edges: the hash of how it begins and of what comes just before the place
up to which it is read. So a renamed, copied or compressed log is recognised, and one that was
replaced under its old name is not.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from pipeline.decompressing import DamagedError, is_compressed, plain_blocks
from pipeline.files import LogObject, fingerprint_of_bytes, unreadable
from pipeline.records import Broken, Piece, is_line, split, with_whole_characters

_BLOCK = 1 << 20
_EDGE = 16 << 10
"""Bytes at either edge that a log is known again by."""
_FIRST_LINE = 64 << 10
"""Bytes of the first line that tell logs apart."""
_SNIFF = 8 << 20
"""A file whose first line is longer is no log."""
_DIGEST = 16
_LONGEST_LINE = 8
"""In lengths of the longest record: what goes on for longer without a newline is no line."""
_MARK, _SPACE = b"\xef\xbb\xbf", b" \t\r\n"


@dataclass(frozen=True)
class Mark:
    """Up to where a log is read: bytes of plain content, the index of the record that comes next,
    and the hash of its edges there.
    """

    read_to: int
    next_record: int
    edges: str


def fingerprint_of(first_line: bytes, generation: int) -> str:
    """What a log is called in the lake: it stays while the log grows. `generation` counts the logs
    that began alike before it.
    """
    return _hash(first_line, b"\n%d" % generation)


def _hash(*parts: bytes) -> str:
    return hashlib.blake2b(b"".join(parts), digest_size=_DIGEST).hexdigest()


@dataclass
class _Edges:
    """How a log begins, and its last bytes before a place."""

    head: bytes = b""
    tail: bytes = b""
    at: int = 0

    def add(self, data: bytes) -> None:
        if self.at < _EDGE:
            self.head = (self.head + data)[:_EDGE]
        self.tail = data[-_EDGE:] if len(data) >= _EDGE else (self.tail + data)[-_EDGE:]
        self.at += len(data)

    def digest(self) -> str:
        return _hash(self.head, self.tail)


@contextmanager
def opened(log: LogObject) -> Iterator[Content]:
    """The file's content; what goes wrong in reading it is an InputError that names it."""
    try:
        with log.open("rb") as stream:
            yield Content(stream)
    except OSError as error:
        raise unreadable(log.name, error) from error


class Content:
    """What a file held when it was opened; `size` is its bytes as they lie there."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        self.compressed = is_compressed(stream.read(4))
        self._peeked: list[bytes] = []
        self._fault: DamagedError | None = None
        self._after: Iterator[bytes] | None = None

    def first_line(self, containers: frozenset[str], *, growing: bool) -> bytes | None:
        """What tells a log from others that do not begin alike; None if this is no log.

        A record alone without a newline is a log if the file may be `growing`, else a document.
        """
        peeked = self._peek()
        # Where the first line ends, it ends in the last block.
        if not growing and not any(b"\n" in block for block in peeked[-1:]):
            return None
        text = _stripped(b"".join(peeked))
        line, newline, _ = text.partition(b"\n")
        if newline:
            is_log = is_line(line)
        else:
            whole = len(text) <= _SNIFF and self._fault is None
            is_log = growing and whole and _is_object(line, apart_from=containers)
        return line[:_FIRST_LINE].rstrip(_SPACE) if is_log else None

    def _peek(self) -> list[bytes]:
        """The first blocks, up to the end of the first line; of a longer one, _SNIFF bytes."""
        if self._after is not None:
            return self._peeked
        self._after = self._from(0)
        size, begun, found = 0, False, False
        try:
            while not found and size <= _SNIFF and (block := next(self._after, b"")):
                self._peeked.append(block)
                size += len(block)
                found = b"\n" in (block if begun else _stripped(block))
                begun = begun or bool(_stripped(block))
        except DamagedError as error:
            self._fault = error
        return self._peeked

    def blocks(self) -> Iterator[bytes]:
        """The plain content, once."""
        yield from self._peeked
        if self._fault is not None:
            raise self._fault
        yield from self._after if self._after is not None else self._from(0)

    def blocks_from(self, mark: Mark) -> tuple[Iterator[bytes], _Edges]:
        """The plain content after a mark, and the edges there, once all before is read."""
        edges = _Edges()
        if not mark.read_to:
            return self.blocks(), edges
        if not self.compressed:
            return self._from(mark.read_to), self._edges_at(mark.read_to)
        return _skipped(self._from(0), mark.read_to, edges), edges

    def fits(self, marks: Collection[Mark]) -> set[Mark]:
        """Those of some marks that this is the log of."""
        if self.compressed:
            edges = dict(_edges_along(self._from(0), {mark.read_to for mark in marks}))
            # The stream has moved on.
            self._peeked, self._after, self._fault = [], None, None
        else:
            there = {mark.read_to for mark in marks if mark.read_to <= self.size}
            edges = {place: self._edges_at(place).digest() for place in there}
        return {mark for mark in marks if edges.get(mark.read_to) == mark.edges}

    def begins_with(self, size: int, fingerprint: str) -> bool:
        """Whether these first bytes, as they lie there, were a file of this fingerprint."""
        if size > self.size:
            return False
        self._stream.seek(0)
        blocks = (self._stream.read(min(_BLOCK, size - place)) for place in range(0, size, _BLOCK))
        return fingerprint_of_bytes(blocks) == fingerprint

    def end(self) -> Mark:
        """A mark after all of a plain file."""
        return Mark(self.size, 0, self._edges_at(self.size).digest())

    def _from(self, place: int) -> Iterator[bytes]:
        """The content from a place of the file on, plain; a file's growth meanwhile is left out."""
        if self.compressed:
            self._stream.seek(0)
            yield from plain_blocks(self._stream)
        while not self.compressed and place < self.size:
            self._stream.seek(place)
            block = self._stream.read(min(_BLOCK, self.size - place))
            place = place + len(block) if block else self.size
            yield block

    def _edges_at(self, place: int) -> _Edges:
        self._stream.seek(0)
        head = self._stream.read(min(_EDGE, place))
        start = max(0, place - _EDGE)
        self._stream.seek(start)
        return _Edges(head, self._stream.read(place - start), place)


def _stripped(text: bytes) -> bytes:
    """A file's text as it begins, without what may come before its first record."""
    return text.removeprefix(_MARK).lstrip(_SPACE + b"\0")


def _is_object(text: bytes, *, apart_from: frozenset[str] = frozenset()) -> bool:
    """Whether a text is one whole JSON object, and one without any of some keys."""
    try:
        whole = with_whole_characters(text)
        return not msgspec.json.decode(whole, type=dict[str, msgspec.Raw]).keys() & apart_from
    except (msgspec.MsgspecError, RecursionError):
        return False


def _is_whole(text: bytes) -> bool:
    """Whether a text is one JSON object or array, and whole."""
    try:
        whole = with_whole_characters(text)
        msgspec.json.decode(whole, type=dict[str, msgspec.Raw] | list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _skipped(blocks: Iterator[bytes], size: int, edges: _Edges) -> Iterator[bytes]:
    """Blocks after the first `size` bytes, which go into `edges`."""
    for block in blocks:
        skipped = block[: max(0, size - edges.at)] if edges.at < size else b""
        edges.add(skipped)
        if len(skipped) < len(block):
            yield block[len(skipped) :]
            break
    yield from blocks


def _edges_along(blocks: Iterator[bytes], places: set[int]) -> Iterator[tuple[int, str]]:
    """The edges at each of some places, as far as the content goes."""
    edges = _Edges()
    ahead = sorted(places, reverse=True)
    while ahead and ahead[-1] == 0:
        yield ahead.pop(), edges.digest()
    try:
        for block in blocks:
            rest = block
            while ahead and ahead[-1] <= edges.at + len(rest):
                here = ahead[-1] - edges.at
                edges.add(rest[:here])
                rest = rest[here:]
                yield ahead.pop(), edges.digest()
            if not ahead:
                return
            edges.add(rest)
    except DamagedError:
        return


NOTHING = Mark(0, 0, _Edges().digest())
"""The mark of a log of which nothing is taken."""


@dataclass
class Growth:
    """Reads a log from a mark on, which moves on with each of its `pieces`. Once they are through,
    `unfinished` is whether it ends in what is not whole, which is told of if `tells`.
    """

    content: Content
    mark: Mark
    containers: frozenset[str]
    max_record_bytes: int
    tells: bool
    unfinished: bool = False
    _edges: _Edges = field(default_factory=_Edges)
    _rest: bytes = b""
    _fault: str | None = None

    def pieces(self) -> Iterator[Piece]:
        """Whole lines, what follows the last of them if that is whole, else what is wrong there."""
        blocks, self._edges = self.content.blocks_from(self.mark)
        index = self.mark.next_record
        for piece in self._split(self._whole_lines(blocks), index):
            # It ends where a block of whole lines does, and no more than that was asked for yet.
            index = _after(piece, index)
            self.mark = self._so_far(index)
            yield piece
        rest = self._rest.strip(_SPACE)
        self.unfinished = self._fault is not None or bool(rest and not _is_whole(rest))
        if not self.unfinished:
            self._edges.add(self._rest)
            for piece in self._split([self._rest], index):
                index = _after(piece, index)
                self.mark = self._so_far(index)
                yield piece
        self.mark = self._so_far(index)
        if self.unfinished and self.tells:
            reason = self._fault or self._fault_of_rest()
            yield Piece(broken=[Broken(index, reason, rest)])

    def _so_far(self, next_record: int) -> Mark:
        """A mark as far as the log is read by now."""
        return Mark(self._edges.at, next_record, self._edges.digest())

    def _fault_of_rest(self) -> str:
        faults = (part for piece in self._split([self._rest], 0) for part in piece.broken)
        first = next(faults, None)
        return first.reason if first else "expected a newline, got the end of the file"

    def _split(self, blocks: Iterable[bytes], first_index: int) -> Iterator[Piece]:
        return split(
            iter(blocks),
            containers=self.containers,
            max_record_bytes=self.max_record_bytes,
            lines=True,
            first_index=first_index,
        )

    def _whole_lines(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        try:
            for block in blocks:
                end = block.rfind(b"\n") + 1
                if end:
                    lines = b"".join((*held, block[:end]))
                    held, size = [], 0
                    self._edges.add(lines)
                    yield lines
                held.append(block[end:])
                size += len(block) - end
                if size > _LONGEST_LINE * self.max_record_bytes:
                    self._fault = f"no end of line within {size} bytes"
                    break
        except DamagedError as error:
            self._fault = str(error)
        self._rest = b"".join(held)


def _after(piece: Piece, index: int) -> int:
    """The index after those of a piece, which begins with one."""
    last = (*piece.indexes[-1:], *(part.index for part in piece.broken[-1:]))
    return max(last, default=index - 1) + 1
