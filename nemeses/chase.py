"""Chase faults: whoever leads is cut off with a minority, then whoever leads next, again and again.

A leader that is cut off takes commands that few others have, and changes of members; cut off one after
another, several have such a tail, and each comes back while those of the others are still there (figure 8 of
Ongaro and Ousterhout 2014). Invariants: clients reach every node, those that are cut off too; the figure is
fixed, so that the shape means the same in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import Chase, Link
from nemeses.topology import between

_MS = 1_000_000
Order = tuple[str, ...]

EVERY_NS = 70 * _MS  # how often one looks who leads by now
MIN_NODES: Mapping[str, int] = MappingProxyType({"minority": 3})


def chase(shape: str, order: Order) -> Chase:
    """The leader is cut off with as many others as make no majority with it, the first of `order`. Raises
    NemesisError for an unknown shape.
    """
    if shape not in MIN_NODES:
        raise NemesisError(f"no chase shape {shape!r}; there are: {', '.join(MIN_NODES)}")
    return Chase(shape, EVERY_NS, order, allies=(len(order) - 1) // 2 - 1)


def links(fault: Chase, leader: str) -> tuple[Link, ...]:
    """What is cut while `leader` leads."""
    others = [node for node in fault.order if node != leader]
    return tuple(between([leader, *others[: fault.allies]], others[fault.allies :]))


def describe(fault: Chase) -> str:
    """ "cut off whoever leads and 1 more, every 70 ms anew (minority)"."""
    whom = f"whoever leads and {fault.allies} more" if fault.allies else "whoever leads"
    return f"cut off {whom}, every {fault.every_ns // _MS} ms anew ({fault.shape})"
