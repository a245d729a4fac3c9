"""One check: something was tried, and this is what was seen.

Invariants: a check never raises; it says what was seen, what that means for runs, and how to mend it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import msgspec

from harness.errors import SplitbrainError

Status = Literal["ok", "missing", "doubtful"]


class Finding(msgspec.Struct, frozen=True):
    """`name` of what was tried; `meaning`: what it is needed for; `seconds` it took."""

    name: str
    status: Status
    seen: str
    meaning: str
    fix: str
    seconds: float


class Doubtful(Exception):
    """It works, but not as well as a run would wish."""


class Check(msgspec.Struct, frozen=True):
    """`act` tries it: returns what was seen, raises Doubtful, or a SplitbrainError if it does not work."""

    name: str
    meaning: str
    fix: str
    act: Callable[[], str]

    def run(self) -> Finding:
        """Try it."""
        began = time.monotonic()
        status: Status = "ok"
        fix = ""
        try:
            seen = self.act()
        except Doubtful as doubt:
            status, seen, fix = "doubtful", str(doubt), self.fix
        except SplitbrainError as error:
            status, seen, fix = "missing", error.problem, error.fix or self.fix
        except OSError as error:
            status, seen, fix = "missing", f"{type(error).__name__}: {error}", self.fix
        line = " ".join(seen.split())
        return Finding(self.name, status, line, self.meaning, fix, time.monotonic() - began)
