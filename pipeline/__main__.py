"""Where the command starts: `nhiwatch`, or `python -m pipeline`."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE = 16 << 20
"""Bytes from which memory is given back to the system whole."""
_KEPT = 64 << 20
"""Bytes that are free at the heap's end before they are given back."""


def main() -> None:
    """Import the command line and run it."""
    # Imports make some hundred thousand objects that all stay: to look among them for garbage,
    # again and again, takes a fifth of the start.
    gc.disable()
    _set_up_malloc()
    _set_up_arrow()
    from pipeline import cli, stopping  # noqa: PLC0415

    stopping.end_tidily()

    gc.freeze()
    gc.enable()
    try:
        cli.main()
    finally:
        # Nor among all that goes with the process.
        gc.freeze()


def _set_up_malloc() -> None:
    """Tell glibc what an ingest does, that has texts of all sizes, the same again for each batch.

    As it goes it would raise the size from which it gives memory back, and leave holes between the
    texts, a tenth of the peak; and it would give back the heap's end after each text, to be had
    from the system again for the next.
    """
    with suppress(AttributeError):  # Another libc.
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def _set_up_arrow() -> None:
    import pyarrow as pa  # noqa: PLC0415

    # Of Arrow's allocators the one that gives memory back: an ingest peaks a tenth lower.
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    # At its first value Arrow looks for pandas, once, to know pandas' own types. No command has
    # any, and the import would take 0.3 seconds and 40 MB of each.
    sys.meta_path.insert(0, _NoPandas)
    pa.scalar(None)
    sys.meta_path.remove(_NoPandas)


class _NoPandas(MetaPathFinder):
    """Finds that pandas is not there."""

    @classmethod
    def find_spec(cls, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


if __name__ == "__main__":
    main()
