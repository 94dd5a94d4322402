"""Writers that are processes of their own, and writers that are killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


class KilledError(BaseException):
    """As good as SIGKILL: nothing in the product catches it."""


def started(script: str, *args: Path | str) -> subprocess.Popen[bytes]:
    """A Python process that runs a script, which has printed "ready"."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process
