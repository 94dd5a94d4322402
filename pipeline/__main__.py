"""Where the command starts: `nhiwatch`, or `python -m pipeline`."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder

_M_MMAP_THRESHOLD = -3
_LARGE = 16 << 20
"""Bytes from which memory is given back to the system whole."""


def main() -> None:
    """Import the command line and run it."""
    # Imports make some hundred thousand objects that all stay: to look among them for garbage,
    # again and again, takes a fifth of the start.
    gc.disable()
    _set_up_malloc()
    _set_up_arrow()
    from pipeline import cli  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    try:
        cli.main()
    finally:
        # Nor among all that goes with the process.
        gc.freeze()


def _set_up_malloc() -> None:
    """Keep glibc from raising, as it goes, the size from which it gives memory back: between the
    texts of an ingest, which are of all sizes, holes would be left, a tenth of its peak.
    """
    with suppress(AttributeError):  # Another libc.
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


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
