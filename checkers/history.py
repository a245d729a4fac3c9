"""What was seen in one run: operations and disturbances on one clock.

Invariants: immutable; columns are numpy arrays of equal length, sorted by call time; a row is a view made on demand.
Times are ns of one monotonic clock. [call_ns, return_ns] is a closed interval, so equal times are concurrent.
An operation whose outcome is INFO stays open: its `return_ns` is OPEN_NS whenever it was given up.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

OPEN_NS = 2**63 - 1


class Outcome(enum.IntEnum):
    """OK: happened, with this output. FAIL: did not happen and never will. INFO: may have happened, or may yet."""

    OK = 0
    FAIL = 1
    INFO = 2


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. `given_up_ns` is when the client stopped waiting (= return_ns unless INFO; None: never recorded)."""

    index: int
    process: int
    f: str
    key: Any
    input: Any
    output: Any
    outcome: Outcome
    call_ns: int
    return_ns: int
    given_up_ns: int | None = None
    node: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One fault as it was applied. `status` is "installed", "skipped", "indeterminate", or None when it never began."""

    id: int
    kind: str
    targets: tuple[str, ...]
    what: str
    requested_ns: int
    begun_ns: int | None = None
    ended_ns: int | None = None
    status: str | None = None
    evidence: tuple[str, ...] = ()
