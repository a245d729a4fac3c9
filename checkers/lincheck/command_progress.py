"""One line that tells how far a long check has come; only on a terminal, only after a second.

Invariants: nothing of it is left behind once it is cleared; the clock and the stream are handed in.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TextIO

from checkers.lincheck.limits import Progress

QUIET_S = 1.0
STEP_S = 0.2


class StatusLine:
    """A status line on `stream` (None, or no terminal: silent). `clock` gives seconds."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float], columns: int = 79) -> None:
        self.stream = stream if stream is not None and stream.isatty() else None
        self.clock = clock
        self.columns = columns
        self.name = ""
        self.next_s = 0.0
        self.drawn = False

    def begin(self, name: str) -> None:
        """Work on `name` starts now."""
        self.clear()
        self.name = name
        self.next_s = self.clock() + QUIET_S

    def report(self, progress: Progress) -> None:
        """Show `progress` if it is time to. A `checkers.lincheck.limits.Report`."""
        if self.stream is None or self.clock() < self.next_s:
            return
        self.next_s = self.clock() + STEP_S
        keys = f"{progress.keys_done:,} of {progress.keys:,} keys, " if progress.keys > 1 else ""
        self._draw(f"{self.name}: {keys}{progress.ops_done:,} of {progress.ops:,} operations")

    def clear(self) -> None:
        """Remove the line."""
        if self.drawn:
            self._draw("")
            self.drawn = False

    def _draw(self, text: str) -> None:
        assert self.stream is not None
        with contextlib.suppress(OSError):
            self.stream.write(f"\r\x1b[K{text[: self.columns]}")
            self.stream.flush()
        self.drawn = True
