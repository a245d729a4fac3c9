"""What a lane answers when the history is of its class.

Invariants: positions are rows of the arrays that the lane was given. `core` contradicts itself whatever the
other operations did: with each of them happening any number of times, at any time, or never (see
`checkers.lincheck.minimize`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def _no_order() -> NoReturn:
    raise ValueError("an illegal history has no linearization")


@dataclass(frozen=True, slots=True)
class Decided:
    """legal: whether there is a linearization. order: computes one (positions of all required operations
    and of those open ones that took effect, shape (k,)); raises ValueError if illegal. core: if illegal,
    positions of operations that contradict each other, rising; empty if legal.
    """

    legal: bool
    order: Callable[[], Ints]
    core: tuple[int, ...]


def legal(order: Callable[[], Ints]) -> Decided:
    """There is a linearization, and `order` computes it."""
    return Decided(True, order, ())


def illegal(core: Iterable[int]) -> Decided:
    """There is none, because of the operations `core` (positions; repeated ones count once)."""
    return Decided(False, _no_order, tuple(sorted({int(i) for i in core})))
