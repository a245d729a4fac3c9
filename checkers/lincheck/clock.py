"""Deadlines. The only clock in the checker: a budget of seconds cannot be had without one.

Invariants: a deadline only ever ends a search; it decides no answer.
"""

from __future__ import annotations

import time


class Deadline:
    """`seconds` from now; None: never. Shared by the searches of one check."""

    def __init__(self, seconds: float | None) -> None:
        self.at = None if seconds is None else time.monotonic() + seconds

    def passed(self) -> bool:
        """Whether the time is over."""
        return self.at is not None and time.monotonic() >= self.at
