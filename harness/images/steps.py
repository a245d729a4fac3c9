"""What a build is doing and how long each step took, a line at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Steps:
    """Says one line when a step begins and one when it has succeeded."""

    say: Say

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """The time inside belongs to `what`."""
        self.say(f"{what} ...")
        started = time.monotonic()
        yield
        self.say(f"{what}: {time.monotonic() - started:.1f} s")
