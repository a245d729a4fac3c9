"""What a person sees while a run goes on: a live line on a terminal, plain lines elsewhere, always on stderr.

Invariants: standard output is left to the result; NO_COLOR is respected (by rich); nothing here decides
anything.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.status import Status as Spinner

from checkers.codec import FaultEvent
from harness.run.job import Status

PLAIN_EVERY_S = 5.0


class Progress:
    """An Observer that prints."""

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet, markup=False)
        self._live = self._console.is_terminal and not quiet
        self._spinner: Spinner | None = None
        self._lock = threading.Lock()
        self._next_plain = 0.0
        self._began = time.monotonic()
        self._console.print(title, soft_wrap=True)

    def _say(self, text: str, style: str | None = None) -> None:
        with self._lock:
            line = f"{time.monotonic() - self._began:7.1f} s  {text}"
            self._console.print(line, style=style, soft_wrap=True)

    def note(self, text: str) -> None:
        """One line that stays."""
        self._say(text, "bold")

    def phase(self, name: str) -> None:
        """A phase begins."""
        self._say(name, "bold")
        if self._live and self._spinner is None:
            self._spinner = self._console.status(name)
            self._spinner.start()
        elif self._spinner is not None:
            self._spinner.update(name)

    def fault(self, event: FaultEvent) -> None:
        """A fault was begun or ended."""
        if event.event == "requested":
            return
        word = "begins" if event.event == "begun" else "ends"
        seen = f" [{event.status}]" if event.status else ""
        self._say(f"{event.kind} {word}: {event.what}{seen}", "yellow" if event.event == "begun" else "green")

    def status(
        self, status: Status, elapsed_s: float, total_s: float, leader: str | None, active: list[str]
    ) -> None:
        """Counts so far."""
        rate = status.ok / elapsed_s if elapsed_s > 0 else 0.0
        text = f"{elapsed_s:.0f}/{total_s:.0f} s  ok {status.ok}  fail {status.fail}  info {status.info}"
        text += f"  {rate:.0f} ok/s"
        text += f"  leader {leader or '?'}" + (f"  under {len(active)} fault(s)" if active else "")
        if self._spinner is not None:
            self._spinner.update(text)
        elif time.monotonic() >= self._next_plain:
            self._next_plain = time.monotonic() + PLAIN_EVERY_S
            self._say(text)

    def live(self, text: str) -> bool:
        """Show `text` on the live line; False if there is none."""
        if self._live and self._spinner is None:
            self._spinner = self._console.status(text)
            self._spinner.start()
        elif self._spinner is not None:
            self._spinner.update(text)
        return self._live

    def close(self) -> None:
        """Stop the live line."""
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None
        sys.stderr.flush()


class Silent:
    """An Observer that says nothing."""

    def phase(self, name: str) -> None:
        """A phase begins."""

    def fault(self, event: FaultEvent) -> None:
        """A fault was begun or ended."""

    def status(
        self, status: Status, elapsed_s: float, total_s: float, leader: str | None, active: list[str]
    ) -> None:
        """Counts so far."""


class Counted:
    """Progress of a number of things of one kind: a live line on a terminal, else a line now and then."""

    def __init__(self, title: str, total: int) -> None:
        self._progress = Progress(title)
        self._total = total
        self._began = time.monotonic()
        self._next_plain = self._began + PLAIN_EVERY_S

    def __enter__(self) -> Counted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.close()

    def note(self, text: str) -> None:
        """One line that stays."""
        self._progress.note(text)

    def advance(self, done: int, counts: str) -> None:
        """So many are done."""
        elapsed = time.monotonic() - self._began
        left = elapsed / done * (self._total - done) if done else 0.0
        text = f"{done}/{self._total}  {counts}  about {left:.0f} s left"
        if self._progress.live(text) or time.monotonic() < self._next_plain:
            return
        self._next_plain = time.monotonic() + PLAIN_EVERY_S
        self._progress.note(text)

    def observer(self) -> Silent:
        """For runs on the way."""
        return Silent()
