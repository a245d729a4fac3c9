"""Every part once, on all cores where that pays; the first that ends it, in the order given, ends it.

Invariants: the results are those of the parts in order up to the first that ends it, whatever finished first;
what comes after is None, or a result if everything was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from checkers.lincheck.encode import Part

Result = TypeVar("Result")
WORTH_A_THREAD = 20_000  # operations in all; the kernel releases the interpreter's lock


def each(
    parts: Sequence[Part],
    judge: Callable[[Part, Callable[[], bool]], Result],
    ends: Callable[[Result], bool],
    *,
    alone: bool,
) -> list[Result | None]:
    """Judge the parts. `judge` is given a function that says whether to go on. alone: one after the other."""
    found: list[Result | None] = [None] * len(parts)
    first = len(parts)  # the first part that ended it

    def one(i: int) -> None:
        nonlocal first
        if i > first:
            return
        result = judge(parts[i], lambda: i < first)
        if i <= first:
            found[i] = result
            if ends(result):
                first = min(first, i)

    cores = os.cpu_count() or 1
    if alone or cores == 1 or len(parts) < 2 or sum(len(p.numbers) for p in parts) < WORTH_A_THREAD:
        for i in range(len(parts)):
            one(i)
    else:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(one, range(len(parts))))
    return [result if i <= first else None for i, result in enumerate(found)]
