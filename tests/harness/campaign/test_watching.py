"""What is seen of a process does not depend on when it is looked at."""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

from harness.campaign.isolation import Watched, _watch
from harness.campaign.jobs import Limits


class LastMoment:
    """A process that answers and ends just when it is asked whether it has ended."""

    pid = 0

    def __init__(self, answers: Connection) -> None:
        self.sentinel, self._end = os.pipe()
        self._answers = answers
        self._is_over = False

    @property
    def exitcode(self) -> int:
        """0, and what it had to say is said by then."""
        if not self._is_over:
            self._is_over = True
            self._answers.send_bytes(b"an answer")
        return 0

    def join(self, _timeout: float) -> None:
        """It has ended."""


def test_an_answer_at_the_last_moment_counts(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = LastMoment(theirs)
    os.close(process._end)  # so that nobody waits for it
    seen = _watch(process, ours, Limits(60, 1024, 64), Watched(tmp_path / "log"), time.monotonic())
    assert seen == ("done", b"an answer")
