"""Files of logs, on disk or in a bucket, and what makes one the same file again."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol

import obstore
from obstore.exceptions import BaseError

from pipeline.buckets import BucketUrl, ObjectSource, fault, located, object_bytes, store
from pipeline.errors import InputError, NotThereError, encodable

if TYPE_CHECKING:
    from obstore import ObjectMeta as Object

_DIGEST = 16
_HASHED = 1 << 18
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
        return encodable(str(self.path))

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        return self.path.open(mode)

    def fingerprint(self) -> str:
        try:
            with self.path.open("rb") as stream:
                return fingerprint_of_bytes(iter(lambda: stream.read(_HASHED), b""))
        except OSError as error:
            raise unreadable(self.name, error) from error

    def stamp(self) -> tuple[object, ...]:
        told = self.path.stat()
        return told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino

    def modified(self) -> datetime | None:
        seconds = self.path.stat().st_mtime
        try:
            return datetime.fromtimestamp(seconds, tz=timezone.utc)
        except (OverflowError, ValueError):  # some file systems let a time be any number
            farthest = datetime.max if seconds > 0 else datetime.min
            return farthest.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class BucketObject:
    """An object of a bucket as it was listed.

    Its fingerprint is made of its URL, size and tag, so that nothing has to be read for it. Only
    with the URL: some stores' tags are times, and two objects may have the same. Not with its
    version, which a listing does not tell.
    """

    url: BucketUrl
    size: int
    tag: str

    @property
    def name(self) -> str:
        return str(self.url)

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        # An object may grow while it is read (Azure's append blobs): what was listed is read.
        return io.BufferedReader(ObjectSource(self.url, self.size))

    def fingerprint(self) -> str:
        told = "\0".join((self.name, str(self.size), self.tag))
        return hashlib.blake2b(told.encode(), digest_size=_DIGEST).hexdigest()

    def stamp(self) -> tuple[object, ...]:
        return self.size, self.tag

    def modified(self) -> datetime | None:
        return None

    def read(self) -> bytes:
        """All its bytes."""
        return bytes(object_bytes(self.url, 0, self.size))


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


def as_found(log: LogObject) -> LogObject:
    """The same file without what was fetched of it."""
    return log.listed if isinstance(log, FetchedObject) else log


def file_named(name: str) -> LogObject | None:
    """The file of a name, if it is there."""
    place = located(name)
    if not isinstance(place, BucketUrl):
        try:
            return LocalFile(place) if place.is_file() else None
        except OSError as error:
            raise unreadable(name, error) from error
    try:
        return bucket_object(place, obstore.head(store(place.scheme, place.bucket), place.key))
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


def fingerprint_of_bytes(blocks: Iterable[bytes]) -> str:
    """What a file on disk is known by, from its bytes."""
    hashed = hashlib.blake2b(digest_size=_DIGEST)
    for block in blocks:
        hashed.update(block)
    return hashed.hexdigest()


def unreadable(name: str, error: OSError) -> InputError:
    """What to say of a file that cannot be read; a NotThereError if it has gone."""
    kind = NotThereError if isinstance(error, FileNotFoundError) else InputError
    return kind(f"cannot read {name}: {error.strerror or error}")


def bucket_object(bucket: BucketUrl, item: Object) -> BucketObject:
    """The object of a bucket as it was listed, or named outright."""
    tag = item["e_tag"] or item["last_modified"].isoformat()
    if item["e_tag"] and not tag.endswith('"'):
        # Azure quotes it only where an object is named outright.
        tag = f'"{tag}"'
    place = BucketUrl(bucket.scheme, bucket.bucket, item["path"])
    return BucketObject(place, item["size"], tag)


def asked_beside(file: LogObject) -> str | None:
    """The name of the file that was asked for, if this one only lies beside it."""
    return file.beside if isinstance(file, LocalFile) else None
