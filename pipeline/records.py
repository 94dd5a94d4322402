"""Files into records: find the layout, split without decoding, bounded in memory.

Three layouts are told apart by content, whatever the file is called:

- *lines*: one JSON value a line (or a container a line, as Firehose writes them);
- *array*: one JSON array, or one object whose first key is a container (`{"Records": [...`),
  split into pieces at record boundaries, so that a file may be larger than memory;
- *document*: one JSON value over many lines, or several after one another.

msgspec finds where each value ends at some GB a second and leaves it undecoded. Where a piece does
not parse, Python's own decoder goes through it value by value, keeps every whole record and tells
of the rest. A record in which half a character is escaped (`\\ud83d`, as where a writer cut a text
to a length) is no JSON to most readers: it has U+FFFD there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.decompressing import DamagedError

_PIECE = 4 << 20
_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SPACE = b" \t\r\n"
_SPACES = re.compile(rb"[ \t\r\n]*")
# A log that was truncated under a writer that goes on where it was begins with zeros.
_LEADING = re.compile(rb"[ \t\r\n\0]*")
_BETWEEN = re.compile(rb"[ \t\r\n,]*")
_CLOSING = re.compile(rb"[ \t\r\n}]*")
_BYTE_ORDER_MARK = re.compile(rb"\xef\xbb\xbf")
_ARRAY = re.compile(rb'\s*(?:\{\s*"([^"\\]{1,64})"\s*:\s*)?\[\s*')
_FIRST_KEY = re.compile(rb'\{\s*("[^"\\]{1,64}"\s*:)')
_BOUNDARY_TRIES = 64
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|"
    rb"(?P<half>\\u[dD][89a-fA-F][\da-fA-F]{2})|\\.",
    re.DOTALL,
)


@dataclass(frozen=True)
class Broken:
    """Something that is no record: where, why, and the text as it came."""

    index: int
    reason: str
    text: bytes


Text = bytes | msgspec.Raw
"""A record's text, of the file's own bytes wherever that is possible."""


@dataclass(frozen=True)
class Piece:
    """Some records of a file, in order: the index of each, its text, and what was broken."""

    indexes: Sequence[int] = ()
    texts: pa.StringArray = field(default_factory=lambda: pa.array([], pa.string()))
    broken: Sequence[Broken] = ()

    def only(self, wanted: npt.NDArray[np.int64]) -> Piece:
        """What of it has one of some indexes."""
        places = np.flatnonzero(np.isin(np.asarray(self.indexes, np.int64), wanted))
        return Piece(
            [self.indexes[place] for place in places.tolist()],
            self.texts.take(pa.array(places)),
            [part for part in self.broken if part.index in wanted],
        )


@dataclass
class _Taking:
    """Takes records out of a file's bytes, which can go when the `piece` is made."""

    next_index: int
    max_record_bytes: int
    indexes: list[int] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    def take(self, texts: Sequence[Text]) -> None:
        self.indexes.extend(range(self.next_index, self.next_index + len(texts)))
        self.texts.extend(texts)
        self.next_index += len(texts)

    def refuse(self, reason: str, text: bytes) -> None:
        self.broken.append(Broken(self.next_index, reason, text))
        self.next_index += 1

    def piece(self) -> Piece:
        """What was taken since the last one; a text that is too long, or no UTF-8, is broken."""
        indexes, self.indexes = self.indexes, []
        texts, self.texts = self.texts, []
        broken, self.broken = self.broken, []
        sizes = list(map(len, texts))
        if max(sizes, default=0) <= self.max_record_bytes:
            with suppress(pa.ArrowInvalid):
                return Piece(indexes, _strings(texts, sizes), broken)
        faults = [_fault_of(bytes(text), self.max_record_bytes) for text in texts]
        told = list(zip(indexes, texts, faults, strict=True))
        broken += [Broken(i, fault, bytes(text)) for i, text, fault in told if fault is not None]
        whole = [bytes(text) for _, text, fault in told if fault is None]
        return Piece(
            [i for i, _, fault in told if fault is None],
            _strings(whole, [len(text) for text in whole]),
            sorted(broken, key=lambda part: part.index),
        )


def _strings(texts: Sequence[Text], sizes: Sequence[int]) -> pa.StringArray:
    """Texts as one Arrow array; raises pa.ArrowInvalid where one is not UTF-8."""
    ends = np.cumsum([0, *sizes], dtype=np.int32)
    joined = pa.py_buffer(b"".join(texts))
    array = pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), joined)
    array.validate(full=True)
    return array


def _fault_of(text: bytes, max_record_bytes: int) -> str | None:
    """Why a text is no record; None if it is one."""
    if len(text) > max_record_bytes:
        return (
            f"expected a record of at most {max_record_bytes} bytes (setting max_record_bytes), "
            f"got {len(text)}"
        )
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return f"expected UTF-8 text, got {error.reason}"
    return None


def split(
    blocks: Iterator[bytes],
    *,
    containers: frozenset[str],
    max_record_bytes: int,
    lines: bool = False,
    first_index: int = 0,
) -> Iterator[Piece]:
    """The records of a file's plain content, some at a time.

    `containers` are the keys whose list holds records; a longer record than `max_record_bytes` is
    broken. A damaged file gives all that can be read and one broken part with the index after it.
    With `lines` it is lines, whatever the first of them looks like; `first_index` is the first
    record's.
    """
    taking = _Taking(first_index, max_record_bytes)
    yield from _Splitter(blocks, containers, taking, are_lines=lines).pieces()


def is_line(line: bytes) -> bool:
    """Whether a file whose first line this is holds lines, not a document over many of them."""
    opens = line.lstrip(_SPACE).startswith((b"{", b"["))
    return bool(line.strip(_SPACE)) and (not opens or is_json(with_whole_characters(line)))


@dataclass
class _Splitter:
    """Splits plain text into records; holds at most a piece, or one overlong record.

    What is left to be taken is in the buffer from `at` on. Values are found where they lie: what
    stands around them is made an array's brackets for the moment, so that nothing is copied before
    `taking` does.
    """

    blocks: Iterator[bytes]
    containers: frozenset[str]
    taking: _Taking
    buffer: bytearray = field(default_factory=bytearray)
    at: int = 0
    ended: bool = False
    damage: str | None = None
    are_lines: bool = False
    unclosed: bool = False

    def pieces(self) -> Iterator[Piece]:
        self._fill(_PIECE)
        self._skip(_BYTE_ORDER_MARK)
        self._skip(_LEADING)
        while self._size():
            if self.are_lines or self._first_line_is_whole():
                yield from self._lines()
            elif (start := self._array_start()) is not None:
                self.at = start
                yield from self._array()
            else:
                yield from self._document()
            self._fill(_PIECE)
            self._skip(_SPACES)
        if self.damage is not None:
            yield self._broken(self.damage, b"")

    # -- layouts

    def _lines(self) -> Iterator[Piece]:
        while self._size() or not self.ended:
            end = len(self.buffer) if self.ended else self.buffer.rfind(b"\n", self.at) + 1
            if end == 0:
                self._fill(self._size() + _PIECE)
                if self._size() > self._most():
                    yield self._give_up("no end of line")
                    return
                continue
            yield self._piece_of_lines(end)
            self.at = end
            self._fill(_PIECE)

    def _array(self) -> Iterator[Piece]:
        opening = self._opening()
        self.unclosed = True
        while self._size():
            cut = self._last_boundary(opening) if not self.ended else None
            if cut is not None:
                texts, self.at = cut
                yield self._piece(texts)
                self._skip(_BETWEEN)
            elif not self.ended and self._size() <= self._most():
                self._fill(self._size() + _PIECE)
                continue
            elif self.ended and (whole := self._whole_array()) is not None:
                texts, self.at = whole
                self.unclosed = False
                yield self._piece(texts)
                # Another document may follow; what else the container's object holds is no record.
                self._skip(_CLOSING)
                if not self.buffer.startswith((b"{", b"["), self.at):
                    self._leave(b"")
                return
            else:
                yield self._salvage(opening)
                if not self.ended and self._size() > self._most():
                    yield self._give_up("no end of record")
            self._fill(_PIECE)
        if self.unclosed and self.damage is None:
            yield self._broken("expected the end of the array, got the end of the file", b"")

    def _document(self) -> Iterator[Piece]:
        self._fill(self._most())
        if not self.ended:
            yield self._give_up("no end of record")
            return
        records = self._unwrapped(self._rest().rstrip(_SPACE))
        if records is not None:
            self._leave(b"")
            yield self._piece(records)
        else:
            yield self._salvage(self._opening())

    # -- layout questions

    def _first_line_is_whole(self) -> bool:
        """Whether the file is lines; one line alone is a document as well, and quicker read so."""
        end = self.buffer.find(b"\n", self.at)
        if end < 0 or (self.ended and _SPACES.fullmatch(self.buffer, end) is not None):
            return self.ended and not self.buffer.startswith((b"{", b"["), self.at)
        return is_line(bytes(memoryview(self.buffer)[self.at : end]))

    def _array_start(self) -> int | None:
        """Where the first record of an array, or of a container that comes first, begins."""
        match = _ARRAY.match(self.buffer, self.at)
        if match is None:
            return None
        key = match.group(1)
        if key is not None and key.decode("utf-8", "replace") not in self.containers:
            return None
        return match.end()

    def _opening(self) -> re.Pattern[bytes]:
        """How a record begins: writers start each with the same key."""
        first = _FIRST_KEY.match(self.buffer, self.at)
        token = rb'\{\s*"' if first is None else rb"\{\s*" + re.escape(bytes(first.group(1)))
        return re.compile(token)

    def _last_boundary(self, opening: re.Pattern[bytes]) -> tuple[list[Text], int] | None:
        """The whole records from here on, and where they end; None if no cut is found.

        Any prefix that ends between two values of the array parses as an array itself, and no
        other does: so a guess is safe once it parsed.
        """
        tail = max(self.at, len(self.buffer) - max(_PIECE // 16, 1 << 16))
        between = re.compile(rb"\}\s*,\s*(?=" + opening.pattern + rb")")
        guesses = [m.start() + 1 for m in between.finditer(self.buffer, tail)]
        for end in guesses[: -_BOUNDARY_TRIES - 1 : -1]:
            texts = self._values(end)
            if texts is not None:
                return texts, end
        return None

    def _whole_array(self) -> tuple[list[Text], int] | None:
        """The records up to an array's end and where it ends, when the buffer holds all that is
        left of the file.
        """
        end = len(self.buffer)
        for _ in range(_BOUNDARY_TRIES):
            end = self.buffer.rfind(b"]", self.at, end)
            if end < 0:
                return None
            texts = self._values(end)
            if texts is not None:
                return texts, end + 1
        return None

    def _values(self, end: int) -> list[Text] | None:
        """The values of the array that is left, up to `end`; None if they do not end there."""
        around = (self.at - 1, end)
        there = [self.buffer[place] for place in around]
        try:
            for place, bracket in zip(around, b"[]", strict=True):
                self.buffer[place] = bracket
            return _list_of(memoryview(self.buffer)[self.at - 1 : end + 1])
        except (msgspec.MsgspecError, RecursionError):
            return None
        finally:
            for place, byte in zip(around, there, strict=True):
                self.buffer[place] = byte

    def _unwrapped(self, text: bytes) -> list[Text] | None:
        """The records of one JSON value: its elements, its container's, or itself."""
        try:
            if text.lstrip(_SPACE).startswith(b"["):
                return _list_of(text)
            fields = _RAW_OBJECT.decode(text)
            for key in self.containers & fields.keys():
                if bytes(memoryview(fields[key])[:1]) == b"[":
                    return _list_of(fields[key])
        except (msgspec.MsgspecError, RecursionError):
            return None
        return [text]

    # -- pieces

    def _piece_of_lines(self, end: int) -> Piece:
        text = memoryview(self.buffer)[self.at : end]
        count = self.buffer.count(b"\n", self.at, end)
        count += not self.buffer.endswith(b"\n", self.at, end)
        texts = _lines_of(text, count)
        if texts is not None and not self._is_wrapped(bytes(texts[0])):
            return self._piece(texts)
        for line in filter(None, map(bytes.strip, bytes(text).split(b"\n"))):
            whole = with_whole_characters(line)
            records = self._unwrapped(whole)
            if records is None and is_json(whole):
                records = [whole]
            if records is None:
                self.taking.refuse(_json_fault(whole), line)
            else:
                self.taking.take(records)
        return self.taking.piece()

    def _is_wrapped(self, line: bytes) -> bool:
        records = self._unwrapped(line)
        return records is not None and records != [line]

    def _piece(self, texts: list[Text]) -> Piece:
        self.taking.take(texts)
        return self.taking.piece()

    def _broken(self, reason: str, text: bytes) -> Piece:
        self.taking.refuse(reason, text)
        return self.taking.piece()

    def _salvage(self, opening: re.Pattern[bytes]) -> Piece:
        """Go through the buffer value by value; keep what is whole, tell of what is not.

        What is left in the buffer is a value that may go on in the next block.
        """
        text = self._rest().decode("utf-8", "surrogateescape")
        again = re.compile(opening.pattern.decode())
        decoder, at = json.JSONDecoder(), 0
        while (at := _skip(text, at)) < len(text):
            try:
                _, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                found = again.search(text, at + 1)
                if found is None and not self.ended:
                    break
                end = len(text) if found is None else found.start()
                fault = self.damage or f"expected a whole JSON record, got {_where(error)}"
                self.unclosed = self.unclosed and found is not None
                if found is not None or not _is_closing(text[at:]):
                    self.taking.refuse(fault, _encoded(text[at:end]).rstrip(_SPACE + b","))
                    self.damage = self.damage if found is not None else None
                at = end
                continue
            whole = with_whole_characters(_encoded(text[at:end]))
            records = self._unwrapped(whole)
            self.taking.take(records if records is not None else [whole])
            at = end
        self._leave(_encoded(text[at:]))
        return self.taking.piece()

    def _give_up(self, what: str) -> Piece:
        """Reject what is left of the file: nothing in it ends within bounds."""
        rest = self._rest()
        self._leave(b"")
        self.ended, self.unclosed = True, False
        return self._broken(f"{what} within {len(rest)} bytes", rest)

    # -- the buffer

    def _size(self) -> int:
        return len(self.buffer) - self.at

    def _most(self) -> int:
        return 8 * self.taking.max_record_bytes

    def _rest(self) -> bytes:
        return bytes(memoryview(self.buffer)[self.at :])

    def _leave(self, rest: bytes) -> None:
        """Leave only this to be taken; before it is room for a bracket."""
        self.buffer, self.at = bytearray(b" " + rest), 1

    def _skip(self, what: re.Pattern[bytes]) -> None:
        """Past what comes next, if it comes next."""
        match = what.match(self.buffer, self.at)
        if match is not None:
            self.at = match.end()

    def _fill(self, size: int) -> None:
        """Read on until `size` bytes are there or the file ends."""
        start = max(self.at - 1, 0)
        parts: list[bytes | memoryview] = [memoryview(self.buffer)[start:]]
        have = self._size()
        while have < size and not self.ended:
            try:
                block = next(self.blocks)
            except StopIteration:
                self.ended = True
            except DamagedError as error:
                self.ended, self.damage = True, str(error)
            else:
                parts.append(block)
                have += len(block)
        if len(parts) > 1:
            self.buffer, self.at = bytearray().join(parts), self.at - start


def _list_of(text: Text | memoryview) -> list[Text]:
    return list(_RAW_LIST.decode(text))


def _lines_of(text: memoryview, count: int) -> list[Text] | None:
    """The lines of a text with so many of them, if each is one JSON value; else None."""
    try:
        texts: list[Text] = list(_RAW.decode_lines(text))
    except (msgspec.MsgspecError, RecursionError):
        return None
    # As many values as lines, of which none goes over two, are one a line.
    return texts if texts and len(texts) == count and b"\n" not in b"".join(texts) else None


def with_whole_characters(text: bytes) -> bytes:
    """A JSON text with U+FFFD for each half of a character that is escaped without the other."""
    if _HALF.search(text) is None:
        return text
    return _ESCAPES.sub(lambda found: rb"\ufffd" if found["half"] else found[0], text)


def is_json(text: bytes) -> bool:
    """Whether a text is one whole JSON value."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _json_fault(text: bytes) -> str:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        return f"expected a line of JSON, got: {error}"
    return "expected a line of JSON"


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    return str(error)


def _skip(text: str, at: int) -> int:
    """Past white space and the commas between records."""
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _is_closing(text: str) -> bool:
    """Whether only the end of the array, and of the document around it, is left."""
    return re.match(r"\]\s*(,.*|\}\s*)?$", text, flags=re.DOTALL) is not None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
