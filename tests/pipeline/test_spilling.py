"""The folder of what does not fit into memory goes with its process, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SPILLS = """
import signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored, and stay so
from pipeline.spilling import folder_to_spill
from pipeline.stopping import end_tidily
end_tidily()
folder_to_spill().mkdir()
(folder_to_spill() / "prompts").write_text("secret")
print("spilled", flush=True)
if sys.argv[1:]:
    time.sleep(60)
"""


def spilling(temporary: Path, *, waits: bool) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", SPILLS, *(["wait"] if waits else [])],
        stdout=subprocess.PIPE,
        env={"TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"spilled\n"
    return process


def left(temporary: Path) -> int:
    return len(list(temporary.rglob("prompts")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_what_was_spilled_goes_with_the_process_or_with_the_next(
    tmp_path: Path, number: signal.Signals
) -> None:
    with spilling(tmp_path, waits=True) as ended, spilling(tmp_path, waits=True) as goes_on:
        assert left(tmp_path) == 2
        ended.send_signal(number)
        ended.wait(timeout=30)
        assert left(tmp_path) == (2 if number is signal.SIGKILL else 1)
        with spilling(tmp_path, waits=False):
            pass
        assert left(tmp_path) == 1
        goes_on.terminate()
    assert list(tmp_path.iterdir()) == []
