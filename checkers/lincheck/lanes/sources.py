"""Who made the value that was seen: writes to reads, enqueues to dequeues, adds to reads.

Invariants: O(n) where the codes are dense (fewer than four for each operation), O(n log n) otherwise; no
loop over rows. A value that was made twice and never seen harms nobody.
"""

from __future__ import annotations

import numpy as np

from checkers.lincheck.lanes.result import Ints

NOBODY = -1


def sources(made: Ints, seen: Ints) -> Ints | None:
    """For each code of `seen` its row in `made`, NOBODY if it is not there; shape of `seen`. None if a code
    that is seen was made twice.
    """
    if not len(made) or not len(seen):
        return np.full(len(seen), NOBODY, dtype=np.int64)
    room, made, seen = _dense(made, seen)
    maker = np.full(room, NOBODY, dtype=np.int64)
    numbers = np.arange(len(made), dtype=np.int64)
    maker[made] = numbers  # of several rows with one code the last one stays
    again = made[maker[made] != numbers]
    if len(again):
        twice = np.zeros(room, dtype=np.bool_)
        twice[again] = True
        if twice[seen].any():
            return None
    return maker[seen]


def _dense(made: Ints, seen: Ints) -> tuple[int, Ints, Ints]:
    """How many codes to make room for, and both columns as numbers below that."""
    low = min(int(made.min()), int(seen.min()))
    room = max(int(made.max()), int(seen.max())) - low + 1
    if room <= 4 * (len(made) + len(seen)) + 1024:
        return (room, made, seen) if low == 0 else (room, made - low, seen - low)
    table, codes = np.unique(np.concatenate((made, seen)), return_inverse=True)
    return len(table), codes[: len(made)], codes[len(made) :]
