"""The plain content of files, compressed or not, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol, cast

import zstandard
from isal import isal_zlib

_BLOCK = 1 << 20
_FEED = 1 << 14
"""Compressed bytes decompressed at once: what a block can swell to is bounded by it."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# isal's types say that its error is an instance.
_FAULTS = (cast("type[Exception]", isal_zlib.error), zstandard.ZstdError, EOFError)


class DamagedError(Exception):
    """The file cannot be decompressed to its end; all before it was given out."""


def is_compressed(head: bytes) -> bool:
    """Whether a file that begins so is compressed."""
    return head.startswith((_GZIP, _ZSTD))


def plain_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The plain content of a plain, gzip or zstd stream, told apart by its first bytes."""
    head = stream.read(_FEED)
    if head.startswith(_GZIP):
        yield from _decompressed(head, stream, _gzip)
    elif head.startswith(_ZSTD):
        yield from _decompressed(head, stream, _zstd)
    else:
        while head:
            yield head
            head = stream.read(_BLOCK)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Maker(Protocol):
    def __call__(self) -> _Decompressor: ...


def _gzip() -> _Decompressor:
    made: _Decompressor = isal_zlib.decompressobj(wbits=31)
    return made


def _zstd() -> _Decompressor:
    made: _Decompressor = zstandard.ZstdDecompressor().decompressobj()
    return made


def _decompressed(head: bytes, stream: BinaryIO, make: _Maker) -> Iterator[bytes]:
    """Every member or frame of a compressed stream; raises DamagedError where it breaks off."""
    part, data = make(), head
    while data:
        try:
            plain = part.decompress(data)
        except _FAULTS as error:
            raise DamagedError(f"damaged compression: {error}") from None
        if plain:
            yield plain
        # What follows a member may be another one, or zero padding as tape tools leave it.
        rest = part.unused_data.lstrip(b"\0") if part.eof else b""
        data = rest or stream.read(_FEED)
        if part.eof and data.strip(b"\0"):
            part, data = make(), data.lstrip(b"\0")
    if not part.eof:
        raise DamagedError("truncated: the compressed data ends before its end mark")
