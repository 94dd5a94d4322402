"""Which files a path means, on disk or in a bucket, and what makes one the same file again."""

from __future__ import annotations

import glob
import hashlib
import io
import os
import re
from collections import deque
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

import obstore
from obstore.exceptions import BaseError

from pipeline.buckets import BucketUrl, Location, fault, located, store
from pipeline.days import day_in_name, day_of_folder
from pipeline.errors import InputError, NotThereError
from pipeline.listing import Listed, list_path

if TYPE_CHECKING:
    from obstore import ObjectMeta as Object

LOG_SUFFIXES = frozenset({"", ".json", ".jsonl", ".ndjson", ".log", ".txt"})
COMPRESSION_SUFFIXES = frozenset({".gz", ".zst"})
LOOKBACK_DAYS = 2
_ROTATED = re.compile(r"(.+?)[._-]\d[\dT:._-]*Z?")
"""What rotation makes of a log's name: app.log.1, app.log-20260901, app.log.2026-09-01_13."""
_DIGEST = 16
_BLOCK = 8 << 20
"""Bytes of an object asked for at once."""
_SMALL = 4 << 20
_FETCHES = 16
"""Objects of up to _SMALL bytes that are fetched at once; together they bound the memory."""


class LogObject(Protocol):
    """A file of logs, wherever it lies."""

    @property
    def name(self) -> str:
        """The path as given or found, or the URL: what `source_file` says."""

    @property
    def size(self) -> int:
        """Its bytes as they lie there."""

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Its bytes as a stream, read block by block."""

    def fingerprint(self) -> str:
        """32 hex digits that change with its content."""

    def stamp(self) -> tuple[object, ...]:
        """What changes when its content does, without reading it."""

    def modified(self) -> datetime | None:
        """When it was last written to; None if it is whole whenever it is there."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on disk; its fingerprint is the BLAKE2b of its bytes.

    `beside` is the name of a file that was asked for, if this one was not: rotation may have made
    it of that one.
    """

    path: Path
    beside: str | None = None

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        return self.path.open(mode)

    def fingerprint(self) -> str:
        try:
            with self.path.open("rb") as stream:
                return hashlib.file_digest(
                    stream, lambda: hashlib.blake2b(digest_size=_DIGEST)
                ).hexdigest()
        except OSError as error:
            raise unreadable(self.name, error) from error

    def stamp(self) -> tuple[object, ...]:
        told = self.path.stat()
        return told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino

    def modified(self) -> datetime | None:
        return datetime.fromtimestamp(self.path.stat().st_mtime, tz=timezone.utc)


@dataclass(frozen=True, slots=True)
class BucketObject:
    """An object of a bucket as it was listed.

    Its fingerprint is made of its URL, size, tag and version, so that nothing has to be read for
    it. Only with the URL: some stores' tags are times, and two objects may have the same.
    """

    url: BucketUrl
    size: int
    tag: str

    @property
    def name(self) -> str:
        return str(self.url)

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        # An object may grow while it is read (Azure's append blobs): what was listed is read.
        try:
            reader = obstore.open_reader(
                store(self.url.scheme, self.url.bucket),
                self.url.key,
                buffer_size=_BLOCK,
                size=self.size,
            )
        except (BaseError, OSError) as error:
            raise InputError(fault(self.url, error)) from error
        return io.BufferedReader(_ObjectStream(self.url, reader))

    def fingerprint(self) -> str:
        told = "\0".join((self.name, str(self.size), self.tag))
        return hashlib.blake2b(told.encode(), digest_size=_DIGEST).hexdigest()

    def stamp(self) -> tuple[object, ...]:
        return self.size, self.tag

    def modified(self) -> datetime | None:
        return None

    def read(self) -> bytes:
        """All its bytes."""
        with self.open() as stream:
            return stream.read()


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """An object of a bucket whose bytes are on their way."""

    listed: BucketObject
    content: Future[bytes]

    @property
    def name(self) -> str:
        return self.listed.name

    @property
    def size(self) -> int:
        return self.listed.size

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        return io.BytesIO(self.content.result())

    def fingerprint(self) -> str:
        return self.listed.fingerprint()

    def stamp(self) -> tuple[object, ...]:
        return self.listed.stamp()

    def modified(self) -> datetime | None:
        return self.listed.modified()


def fetched_ahead(
    files: Iterable[LogObject], *, known: Container[tuple[str, str]]
) -> Iterator[LogObject]:
    """The same files in their order. Small objects of buckets are fetched side by side before it is
    their turn, since each is a round trip: not those of a `known` (name, fingerprint).
    """
    waiting: deque[LogObject] = deque()
    with ThreadPoolExecutor(_FETCHES, "fetch") as pool:
        for file in files:
            if (
                isinstance(file, BucketObject)
                and file.size <= _SMALL
                and (file.name, file.fingerprint()) not in known
            ):
                waiting.append(FetchedObject(file, pool.submit(file.read)))
            else:
                waiting.append(file)
            if len(waiting) > _FETCHES:
                yield waiting.popleft()
        yield from waiting


class _ObjectStream(io.RawIOBase):
    """An object's bytes as Python's own streams are read."""

    def __init__(self, url: BucketUrl, reader: obstore.ReadableFile) -> None:
        self._url = url
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            block = memoryview(self._reader.read(len(buffer)))
        except (BaseError, OSError) as error:
            raise InputError(fault(self._url, error)) from error
        buffer[: len(block)] = block
        return len(block)


@dataclass(frozen=True)
class Found:
    """The files to read, in order; how many a folder held that are no logs by their name; how far
    buckets are listed, to be kept when the files are in; and what is wrong with paths that mean
    nothing yet.
    """

    files: tuple[LogObject, ...]
    left_out: int
    listed: tuple[Listed, ...] = ()
    missing: tuple[str, ...] = ()


def find(
    paths: Iterable[str | Path],
    *,
    apart_from: Location,
    listed: Iterable[Listed] = (),
    lookback_days: int = LOOKBACK_DAYS,
    may_come: bool = False,
) -> Found:
    """Every file that the paths (files, folders, globs, also of buckets) mean, each once, those of
    a day together: what lands of a day then lies in few files.

    A folder gives its files with a log's suffix, hidden ones and those of the lake
    (`apart_from`) left out; a file named outright is always taken, and beside it those that
    rotation may have made of it. Of a bucket's days that were `listed` for the same path, those
    more than `lookback_days` before the last are left out. A path that means nothing fails, unless
    what it means `may_come`.
    """
    known = tuple(listed)
    files: dict[str, LogObject] = {}
    left_out = 0
    now_listed: list[Listed] = []
    missing: list[str] = []
    for path in paths:
        place = located(path)
        try:
            if isinstance(place, BucketUrl):
                found = _in_bucket(place, apart_from, known, lookback_days)
            else:
                found = _on_disk(str(path), apart_from)
        except NotThereError as error:
            if not may_come:
                raise
            missing.append(str(error))
            continue
        for file in found.files:
            if file.name not in files or asked_beside(file) is None:
                files[file.name] = file
        left_out += found.left_out
        now_listed += found.listed
    by_day = tuple(sorted(files.values(), key=_day))
    return Found(by_day, left_out, tuple(now_listed), tuple(missing))


def _day(file: LogObject) -> date:
    """The day that a file's folder or its name is for; one that is for none goes last, as a log
    that is being written to does.
    """
    path = PurePosixPath(file.name)
    told = day_of_folder(f"{path.parent}/") or day_in_name(path.name)
    return date.max if told is None else told.day


def file_named(name: str) -> LogObject | None:
    """The file of a name, if it is there."""
    place = located(name)
    if not isinstance(place, BucketUrl):
        return LocalFile(place) if place.is_file() else None
    try:
        return _object(place, obstore.head(store(place.scheme, place.bucket), place.key))
    except FileNotFoundError:
        return None
    except (BaseError, OSError) as error:
        raise InputError(fault(place, error)) from error


def same_file(name: str, fingerprint: str) -> LogObject | None:
    """The file of a name, if it is there with the content that has this fingerprint."""
    file = file_named(name)
    try:
        return file if file is not None and file.fingerprint() == fingerprint else None
    except NotThereError:
        return None


def unreadable(name: str, error: OSError) -> InputError:
    """What to say of a file that cannot be read; a NotThereError if it has gone."""
    kind = NotThereError if isinstance(error, FileNotFoundError) else InputError
    return kind(f"cannot read {name}: {error.strerror}")


def _in_bucket(
    url: BucketUrl, apart_from: Location, listed: tuple[Listed, ...], lookback_days: int
) -> Found:
    lake = apart_from if isinstance(apart_from, BucketUrl) else None
    if lake is not None and (lake.scheme, lake.bucket) != (url.scheme, url.bucket):
        lake = None
    if lake is not None and lake.contains(url.key):
        raise InputError(f"expected logs outside of the lake at {lake}, got {url}")
    listing = list_path(url, apart_from=lake, listed=listed, lookback_days=lookback_days)
    logs = [item for item in listing.inside if _is_log(PurePosixPath(item["path"]))]
    files = tuple(_object(url, item) for item in listing.outright + logs)
    return Found(files, len(listing.inside) - len(logs), tuple(listing.listed))


def _object(bucket: BucketUrl, item: Object) -> BucketObject:
    return BucketObject(
        BucketUrl(bucket.scheme, bucket.bucket, item["path"]),
        item["size"],
        f"{item['e_tag'] or item['last_modified'].isoformat()} {item['version'] or ''}",
    )


def _on_disk(path: str, apart_from: Location) -> Found:
    lake = apart_from.resolve() if isinstance(apart_from, Path) else None
    files: dict[Path, LocalFile] = {}
    named: dict[Path, set[str]] = {}
    left_out = 0
    for match in _matches(path):
        if match.is_dir():
            inside = _in_folder(match, lake)
            logs = [file for file in inside if _is_log(file)]
            left_out += len(inside) - len(logs)
        else:
            logs = [match]
            named.setdefault(match.parent, set()).add(match.name)
        files.update((file, LocalFile(file)) for file in logs)
    rotated = [file for folder, names in named.items() for file in _rotated(folder, names)]
    return Found((*(f for f in rotated if f.path not in files), *files.values()), left_out)


def _matches(path: str) -> list[Path]:
    if Path(path).exists():
        return [Path(path)]
    matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  (absolute ones too)
    if not matches:
        raise NotThereError(f"expected a file, a folder or a glob that matches, got {path}")
    return [Path(match) for match in matches]


def _in_folder(folder: Path, apart_from: Path | None) -> list[Path]:
    """The files in a folder and below, in order; nothing hidden, nothing of the lake."""
    resolved = folder.resolve()
    if apart_from is not None and (apart_from == resolved or apart_from in resolved.parents):
        return []
    return sorted(_walked(folder, apart_from))


def _walked(folder: Path, apart_from: Path | None) -> Iterator[Path]:
    for entry in _entries(folder):
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if path.resolve() != apart_from:
                yield from _walked(path, apart_from)
        elif entry.is_file() and not (entry.is_symlink() and apart_from in path.resolve().parents):
            yield path


def _rotated(folder: Path, names: set[str]) -> Iterator[LocalFile]:
    """The files of a folder that rotation may have made of those of some names."""
    for entry in _entries(folder):
        before = _before_rotation(_uncompressed(entry.name))
        if before in names and entry.is_file():
            yield LocalFile(folder / entry.name, beside=str(folder / before))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder; nothing if it has gone since it was found, or may not be read."""
    gone = suppress(FileNotFoundError, NotADirectoryError, PermissionError)
    with gone, os.scandir(folder) as entries:
        yield from entries


def asked_beside(file: LogObject) -> str | None:
    """The name of the file that was asked for, if this one only lies beside it."""
    return file.beside if isinstance(file, LocalFile) else None


def _is_log(file: PurePath) -> bool:
    name = _uncompressed(file.name)
    return bool({_suffix(name), _suffix(_before_rotation(name))} & LOG_SUFFIXES)


def _suffix(name: str) -> str:
    # As PurePath.suffix, which takes most of the time of a look at many files.
    stem, _, last = name.rpartition(".")
    return f".{last.lower()}" if stem and last else ""


def _uncompressed(name: str) -> str:
    """The name without the suffix of a compression."""
    return name[: -len(suffix)] if (suffix := _suffix(name)) in COMPRESSION_SUFFIXES else name


def _before_rotation(name: str) -> str:
    """The name that a log had, if rotation gave it this one."""
    match = _ROTATED.fullmatch(name)
    return match[1] if match else name
