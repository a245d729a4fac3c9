"""The named phases of a run: how long each took, and which one a failure belongs to.

Invariants: a failure inside a phase is kept with the phase's name and stops what depends on it, never what
cleans up or reports.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import EXIT_FAILED, EnvironmentFault, HarnessBug, SplitbrainError
from reports.record import Phase, PhaseTime


class Phases:
    """Collects the phases of one run; tracebacks of unforeseen errors go to `crash_log`."""

    def __init__(self, crash_log: Path, announce: Callable[[str], None]) -> None:
        self.times: list[PhaseTime] = []
        self.errors: list[tuple[Phase, SplitbrainError]] = []
        self._crash_log = crash_log
        self._announce = announce

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Time the block; a failure in it is recorded and swallowed (ask `failed`)."""
        self._announce(name)
        began = time.monotonic()
        error: SplitbrainError | None = None
        try:
            yield
        except SplitbrainError as problem:
            error = problem
        except Exception as problem:
            error = self._unforeseen(problem)
        if error is not None:
            self.errors.append((name, error))
        self.times.append(PhaseTime(name, time.monotonic() - began, None if error is None else error.problem))

    def _unforeseen(self, problem: Exception) -> SplitbrainError:
        try:
            with self._crash_log.open("a") as log:
                traceback.print_exception(problem, file=log)
        except OSError as error:
            return EnvironmentFault(
                f"{problem} ({self._crash_log}: {error.strerror})", fix="free some disk space"
            )
        return HarnessBug(
            f"{type(problem).__name__}: {problem}",
            fix=f"report this with {self._crash_log.name} of the run folder",
        )

    @property
    def failed(self) -> bool:
        """Whether any phase failed so far."""
        return bool(self.errors)

    def failures(self) -> list[str]:
        """Each failure as a sentence that begins with its phase."""
        return [f"{name} failed: {error}" for name, error in self.errors]

    def exit_code(self) -> int:
        """The exit code of the first failure."""
        return self.errors[0][1].exit_code if self.errors else EXIT_FAILED
