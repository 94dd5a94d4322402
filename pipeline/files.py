"""Which files a path means, on disk or in a bucket, and what makes one the same file again."""

from __future__ import annotations

import glob
import hashlib
import io
from collections import deque
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

import obstore
from obstore.exceptions import BaseError

from pipeline.buckets import BucketUrl, Location, fault, located, store
from pipeline.days import day_of_folder
from pipeline.errors import InputError
from pipeline.listing import Listed, list_path

if TYPE_CHECKING:
    from obstore import ObjectMeta as Object

LOG_SUFFIXES = frozenset({"", ".json", ".jsonl", ".ndjson", ".log", ".txt"})
COMPRESSION_SUFFIXES = frozenset({".gz", ".zst"})
LOOKBACK_DAYS = 2
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


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on disk; its fingerprint is the BLAKE2b of its bytes."""

    path: Path

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
            raise InputError(f"cannot read {self.path}: {error.strerror}") from error


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

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            block = memoryview(self._reader.read(len(buffer)))
        except (BaseError, OSError) as error:
            raise InputError(fault(self._url, error)) from error
        buffer[: len(block)] = block
        return len(block)


@dataclass(frozen=True)
class Found:
    """The files to read, in order; how many a folder held that are no logs by their name; and how
    far buckets are listed, to be kept when the files are in.
    """

    files: tuple[LogObject, ...]
    left_out: int
    listed: tuple[Listed, ...] = ()


def find(
    paths: Iterable[str | Path],
    *,
    apart_from: Location,
    listed: Iterable[Listed] = (),
    lookback_days: int = LOOKBACK_DAYS,
) -> Found:
    """Every file that the paths (files, folders, globs, also of buckets) mean, each once, those of
    a day together: what lands of a day then lies in few files.

    A folder gives its files with a log's suffix, hidden ones and those of the lake
    (`apart_from`) left out; a file named outright is always taken. Of a bucket's days that were
    `listed` for the same path, those more than `lookback_days` before the last are left out.
    """
    known = tuple(listed)
    files: dict[str, LogObject] = {}
    left_out = 0
    now_listed: list[Listed] = []
    for path in paths:
        place = located(path)
        if isinstance(place, BucketUrl):
            found = _in_bucket(place, apart_from, known, lookback_days)
        else:
            found = _on_disk(str(path), apart_from)
        files.update((file.name, file) for file in found.files)
        left_out += found.left_out
        now_listed += found.listed
    return Found(tuple(sorted(files.values(), key=_day)), left_out, tuple(now_listed))


def _day(file: LogObject) -> date:
    """The day that a file's folder is for; one that is for none goes first."""
    folder = day_of_folder(f"{PurePosixPath(file.name).parent}/")
    return date.min if folder is None else folder.day


def same_file(name: str, fingerprint: str) -> LogObject | None:
    """The file of a name, if it is there with the content that has this fingerprint."""
    place = located(name)
    try:
        if isinstance(place, BucketUrl):
            item = obstore.head(store(place.scheme, place.bucket), place.key)
            file: LogObject = _object(place, item)
        else:
            file = LocalFile(place)
        return file if file.fingerprint() == fingerprint else None
    except (InputError, FileNotFoundError):
        return None
    except (BaseError, OSError) as error:
        raise InputError(fault(place, error)) from error


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
    files: dict[Path, None] = {}
    left_out = 0
    for match in _matches(path):
        inside = list(_in_folder(match, lake)) if match.is_dir() else [match]
        logs = [file for file in inside if file == match or _is_log(file)]
        files.update(dict.fromkeys(logs))
        left_out += len(inside) - len(logs)
    return Found(tuple(map(LocalFile, files)), left_out)


def _matches(path: str) -> list[Path]:
    if Path(path).exists():
        return [Path(path)]
    matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  (absolute ones too)
    if not matches:
        raise InputError(f"expected a file, a folder or a glob that matches, got {path}")
    return [Path(match) for match in matches]


def _in_folder(folder: Path, apart_from: Path | None) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.is_file() and not hidden and apart_from not in file.resolve().parents:
            yield file


def _is_log(file: PurePosixPath | Path) -> bool:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in COMPRESSION_SUFFIXES:
        suffixes.pop()
    return (suffixes[-1] if suffixes else "") in LOG_SUFFIXES
