"""Where DuckDB puts what does not fit into memory: a folder of this process, which goes with it.

A process that is killed cannot tidy up, and prompts and arguments may be in what it spilled: the
next one of the same owner does. Whether a folder's process is alive tells the lock that it holds on
a file in it, in whatever container it runs.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TextIO

_PREFIX = "nhiwatch-"
_LOCK = "lock"


@cache
def folder_to_spill() -> Path:
    """This process's folder, for its owner alone; DuckDB makes it when it has to."""
    folder, _ = _made()
    return Path(folder.name) / "spilled"


@cache
def _made() -> tuple[tempfile.TemporaryDirectory[str], TextIO]:
    """The folder around it, and the lock that is held while this process lives."""
    _tidy_up(Path(tempfile.gettempdir()))
    folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
    lock = (Path(folder.name) / _LOCK).open("w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def _tidy_up(temporary: Path) -> None:
    """Delete what processes left that are no more."""
    for lock in temporary.glob(f"{_PREFIX}*/{_LOCK}"):
        with (
            suppress(OSError),
            lock.open(encoding="utf-8") as file,
        ):  # another owner's, or just gone
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent)
