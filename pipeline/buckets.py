"""Buckets of S3, Google and Azure: what names one, how it is opened, what its faults mean.

Credentials and endpoints are the environment's, as obstore and delta-rs read it: `AWS_*`,
`GOOGLE_*`, `AZURE_*`.
"""

from __future__ import annotations

import io
import os
import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import AzureStore, GCSStore, S3Store
from pydantic_core import Url

from pipeline.errors import InputError, LakeError, NotThereError, SettingsError

ObjectStore = S3Store | GCSStore | AzureStore

_STORES: dict[str, type[ObjectStore]] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
_RETRIES = 10
"""About four seconds of a store that throttles or fails."""
_RETRY_SECONDS = 20
_BLOCK = 8 << 20
"""Bytes of an object asked for at once."""

DELTA_OPTIONS = {
    "max_retries": str(_RETRIES),
    "retry_timeout": f"{_RETRY_SECONDS}s",
}
"""How long delta-rs tries, as its storage options: a bucket out of reach is told in seconds."""

_ENDPOINT = re.compile(r"https?://[\w\[][\w\[\]:.@%~/!$&'()*+,;=-]*", re.ASCII | re.IGNORECASE)
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._=/-]*")


@dataclass(frozen=True)
class BucketUrl:
    """A place in a bucket (in Azure: a container); an empty key is the whole of it."""

    scheme: str
    bucket: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}".rstrip("/")

    def __truediv__(self, name: str) -> BucketUrl:
        return BucketUrl(self.scheme, self.bucket, f"{self.key}/{name}".lstrip("/"))

    def contains(self, key: str) -> bool:
        """Whether a key of the same bucket is this place or lies in it."""
        return not self.key or f"{key}/".startswith(f"{self.key}/")


Location = Path | BucketUrl


def located(place: str | Path) -> Location:
    """The bucket's place that a URL names, or the path."""
    scheme, mark, rest = str(place).partition("://")
    if not mark:
        return Path(place)
    bucket, _, key = rest.partition("/")
    if scheme not in _STORES or not bucket:
        known = ", ".join(f"{name}://BUCKET/PREFIX" for name in _STORES)
        raise SettingsError(f"expected a path or {known}, got {place}")
    return BucketUrl(scheme, bucket, key.strip("/"))


@cache
def store(scheme: str, bucket: str) -> ObjectStore:
    """The bucket's store; keys are whole, no prefix is left out. Nothing is asked of it yet."""
    _check_endpoint(scheme)
    try:
        return _STORES[scheme](
            bucket,
            # No client options: any would put the environment's (AWS_ALLOW_HTTP) out of force.
            retry_config={
                "max_retries": _RETRIES,
                "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
            },
        )
    except BaseError as error:
        raise SettingsError(fault(BucketUrl(scheme, bucket), error)) from error


def _check_endpoint(scheme: str) -> None:
    """Fail in one line if an endpoint is no URL: asked there, the libraries panic."""
    for name in _ENDPOINTS[scheme]:
        endpoint = os.environ.get(name)
        if endpoint is not None and not _is_endpoint(endpoint):
            raise SettingsError(
                f"{name}: expected http://HOST or https://HOST, got {endpoint!r}; "
                "correct or unset it"
            )


def _is_endpoint(text: str) -> bool:
    """Whether a text is a URL for Rust's own parser as well, which pydantic asks."""
    if not _ENDPOINT.fullmatch(text):
        return False
    try:
        return Url(text).host is not None
    except ValueError:
        return False


class ObjectSource(io.RawIOBase):
    """An object's first `size` bytes as Python's own streams are read. Each request brings a block;
    to seek in it asks for nothing.
    """

    def __init__(self, url: BucketUrl, size: int) -> None:
        self._url = url
        self._size = size
        self._at = 0
        self._begins = 0
        self._block = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not 0 <= self._at - self._begins < len(self._block):
            end = max(self._at, min(self._at + _BLOCK, self._size))
            # Freed before the next one comes.
            self._block = memoryview(b"")
            self._block = memoryview(object_bytes(self._url, self._at, end))
            self._begins = self._at
        place = self._at - self._begins
        part = self._block[place : place + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def object_bytes(url: BucketUrl, start: int, end: int) -> bytes | obstore.Bytes:
    """An object's bytes from one place up to another; a NotThereError if it has gone."""
    if start == end:
        return b""
    try:
        return obstore.get_range(store(url.scheme, url.bucket), url.key, start=start, end=end)
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError) and meaning_of(error) is None:
            raise NotThereError(f"{url}: gone since it was listed") from error
        raise InputError(fault(url, error)) from error


class ObjectSink(io.RawIOBase):
    """An object that is written as Python's own streams are; it is there once it is closed."""

    def __init__(self, url: BucketUrl) -> None:
        self._writer = obstore.open_writer(store(url.scheme, url.bucket), url.key)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        return self._writer.write(bytes(data))

    def close(self) -> None:
        if not self.closed:
            self._writer.close()
        super().close()


def check_key(url: BucketUrl) -> None:
    """Fail in one line if tables cannot lie at this URL: delta-rs takes some characters amiss, and
    panics at an endpoint that is no URL.
    """
    _check_endpoint(url.scheme)
    if not _PLAIN_KEY.fullmatch(url.key):
        raise LakeError(f"expected a prefix of letters, digits and ._=- only, got {url}")


@cache
def check_conditional_writes(url: BucketUrl) -> None:
    """Fail in one line if two writers could lose a commit.

    A commit is a write of a name that must not be there yet; some servers do not look.
    """
    bucket, probe = store(url.scheme, url.bucket), (url / f".probe-{uuid.uuid4().hex}").key
    try:
        try:
            # The first is refused as well if it was done and only its answer lost.
            obstore.put(bucket, probe, b"", mode="create")
            obstore.put(bucket, probe, b"", mode="create")
        except AlreadyExistsError:
            return
        finally:
            obstore.delete(bucket, probe)
    except (BaseError, OSError) as error:
        raise LakeError(fault(url, error)) from error
    raise LakeError(
        f"expected a server that refuses to write over what is there (If-None-Match), "
        f"{url} does not: two writers would lose a commit; keep the lake elsewhere"
    )


_MEANINGS = (
    (
        "object with invalid path",
        "a key that cannot be read (//, /./, /../ or a control character in it); give a narrower "
        "path or a glob",
    ),
    ("NoSuchBucket|ContainerNotFound|bucket does not exist", "no such bucket"),
    ("status code:? 416", "changed while it was read; run it again"),
    (
        "InvalidObjectState|BlobArchived",
        "in an archive; restore it, or give a narrower path or a glob",
    ),
    ("ExpiredToken|TokenRefreshRequired", "the credentials have expired; renew them"),
    ("RequestTimeTooSkewed", "refused for its time; set this machine's clock"),
    (
        "configured region|AuthorizationHeaderMalformed|IllegalLocationConstraint",
        "the bucket is in another region; set AWS_REGION",
    ),
    ("Account must be specified", "set AZURE_STORAGE_ACCOUNT_NAME"),
    ("Invalid Access Key", "AZURE_STORAGE_ACCOUNT_KEY is no key"),
    ("Missing (SecretAccessKey|AccessKeyId)", "half of the credentials in the environment (AWS_*)"),
    (
        r"status code:? (429|5\d\d)",
        "the store is too busy or fails; run it again later, what is in stays in",
    ),
    ("scheme is not allowed|builder error", "plain http needs AWS_ALLOW_HTTP (AZURE_ALLOW_HTTP)"),
    (
        r"169\.254\.169\.254|/latest/api/token|metadata\.google|token request"
        "|credential.*not provided",
        "no credentials in the environment (AWS_*, GOOGLE_*, AZURE_*)",
    ),
    (
        "status code:? 40[13]|AccessDenied|AuthenticationFailed",
        "access denied; check the credentials",
    ),
    ("error sending request|body error|[Tt]imed out", "out of reach; check network and endpoint"),
)


def fault(place: Location, error: BaseException) -> str:
    """One line of what is wrong with a place and, where it is known, what that means."""
    text, meaning = in_a_line(error), meaning_of(error)
    if meaning is None or not isinstance(place, BucketUrl):
        return f"{place}: {text[:500]}"
    return f"{place}: {meaning} ({text[:300]})"


def meaning_of(error: BaseException) -> str | None:
    """What a store's error means and what to do, where it is known."""
    text = in_a_line(error)
    return next((meaning for cause, meaning in _MEANINGS if re.search(cause, text)), None)


def in_a_line(error: BaseException) -> str:
    """What a store's error says, in one line."""
    # Both libraries give a tree of causes, one a line, and obstore its debugging text after it.
    text = str(error).partition("\n\nDebug source:")[0]
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|↳", " ", text).split())
