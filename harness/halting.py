"""Ctrl-C and SIGTERM for commands that clean up: what is under way is told to end, and ends by itself.

Invariants: a signal breaks off nothing half-way; it is answered at once, on standard error, and it is told
what for, whatever the command does at that moment.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from harness.errors import EXIT_INTERRUPTED, EXIT_TERMINATED

_CODES = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_TERMINATED}
_STANDARD_ERROR = 2


class Halting:
    """While it is entered, both signals set `stop`, and `code` is the exit code that they stand for. at_once:
    a second one ends this process, whatever it does.
    """

    def __init__(self, stop: threading.Event, meanwhile: str, *, at_once: bool = False) -> None:
        self.code: int | None = None
        self._at_once = at_once
        self._stop = stop
        self._said = f"splitbrain: stopping: {meanwhile}\n".encode()
        self._before: dict[signal.Signals, Any] = {}

    def _handler(self, number: int, _frame: FrameType | None) -> None:
        if self._at_once and self.code is not None:
            os._exit(self.code)
        self.code = _CODES[signal.Signals(number)]
        self._stop.set()
        # print may be what was interrupted, and cannot be entered twice
        os.write(_STANDARD_ERROR, self._said)

    def __enter__(self) -> Halting:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handler) for number in _CODES}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
