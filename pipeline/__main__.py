"""Where the command starts: `nhiwatch`, or `python -m pipeline`."""

from __future__ import annotations

import gc


def main() -> None:
    """Import the command line and run it."""
    # Imports make some hundred thousand objects that all stay: to look among them for garbage,
    # again and again, takes a fifth of the start.
    gc.disable()
    import pyarrow as pa  # noqa: PLC0415

    from pipeline import cli  # noqa: PLC0415

    # Of Arrow's allocators the one that gives memory back: an ingest peaks a tenth lower.
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
