"""One check: something was tried, and this is what was seen.

Invariants: a check never raises; it says what was seen, what that means for runs, and how to mend it. Checks
are in order: what is not wanted is not tried, nor what stands on something that is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal

import msgspec

from harness.errors import SplitbrainError

Status = Literal["ok", "missing", "doubtful"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` of what was tried; `meaning`: what it is needed for; `seconds` it took; `where`: the host, at a
    place that has several.
    """

    name: str
    status: Status
    seen: str
    meaning: str
    fix: str
    seconds: float
    where: str = ""

    @property
    def label(self) -> str:
        """What was tried, and where."""
        return f"{self.where}: {self.name}" if self.where else self.name


class Doubtful(Exception):
    """It works, but not as well as a run would wish."""


class Check(msgspec.Struct, frozen=True):
    """`act` tries it: returns what was seen, raises Doubtful, or a SplitbrainError if it does not work.

    after: the names of the checks that must not have failed before.
    """

    name: str
    meaning: str
    fix: str
    act: Callable[[], str]
    after: Sequence[str] = ()

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


def tried(checks: Iterable[Check], wanted: Collection[str] | None = None) -> list[Finding]:
    """Runs the `wanted` checks (None: all) in their order, as far as what they stand on is there."""
    found: list[Finding] = []
    fine: set[str] = set()
    for check in checks:
        if (wanted is None or check.name in wanted) and fine.issuperset(check.after):
            found.append(check.run())
            if found[-1].status != "missing":
                fine.add(check.name)
    return found
