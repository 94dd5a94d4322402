"""Being asked to end: at once, or, by who follows, when the work at hand is done."""

from __future__ import annotations

import os
import select
import signal
import sys
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_tidily() -> None:
    """From here on SIGTERM and SIGHUP end the process as Ctrl-C does: what it holds is let go."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


class Stop:
    """While it is entered, the first signal only sets `asked`; a second one ends the process."""

    def __init__(self) -> None:
        self._asked = False
        # A pipe wakes a wait; an Event may be locked by the very thread that the signal interrupts.
        self._woken, self._wakes = os.pipe()
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        if self._before[signal.SIGHUP] is signal.SIG_IGN:  # by nohup
            del self._before[signal.SIGHUP]

    def asked(self) -> bool:
        """Whether somebody wants this to end."""
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until asked to end; returns whether that is so."""
        if not self._asked:
            select.select([self._woken], [], [], seconds)
        return self._asked

    def __enter__(self) -> Stop:
        for number in self._before:
            signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        os.close(self._woken)
        os.close(self._wakes)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        os.write(self._wakes, b".")
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
