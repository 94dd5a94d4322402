"""What a command costs, each time in a fresh process: seconds, CPU seconds, peak memory.

Import nothing heavy here, nor in what measures with it: on Linux a child's peak counts from the
size of the process that started it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
NHIWATCH = str(Path(sys.executable).with_name("nhiwatch"))
"""The command of this interpreter's environment."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Wall seconds, CPU seconds of all threads, the most memory at any time in bytes, and what
    was printed.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    said: str = ""

    @property
    def peak(self) -> str:
        return f"{self.peak_bytes / 1e6:,.0f} MB"


def script(name: str, *arguments: object) -> list[str]:
    """The command that runs a script beside this one."""
    return [sys.executable, str(HERE / name), *map(str, arguments)]


def nhiwatch(*arguments: object) -> list[str]:
    return [NHIWATCH, *map(str, arguments)]


def cost(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command and tell what it cost; fails if it does."""
    environment = {**os.environ, **(env or {})}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as faults:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=faults, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        faults.seek(0)
        if process.returncode != 0:
            ended = f"{' '.join(command)} ended with {process.returncode}"
            raise SystemExit(f"{ended}: {faults.read()}")
        return Cost(
            seconds=seconds,
            cpu_seconds=used.ru_utime + used.ru_stime,
            peak_bytes=used.ru_maxrss * 1024,
            said=out.read(),
        )


def median(costs: Sequence[Cost]) -> Cost:
    """The medians of the seconds, the highest of the peaks."""
    return Cost(
        seconds=statistics.median(cost.seconds for cost in costs),
        cpu_seconds=statistics.median(cost.cpu_seconds for cost in costs),
        peak_bytes=max(cost.peak_bytes for cost in costs),
        said=costs[-1].said,
    )
