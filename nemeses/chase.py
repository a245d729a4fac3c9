"""Chase faults: whoever leads is cut off from the other nodes, then whoever leads next, again and again.

A leader that is cut off takes commands that few others have, and changes of members; cut off one after
another, several have such a tail, and each comes back while those of the others are still there (figure 8 of
Ongaro and Ousterhout 2014). Invariants: clients reach every node, those that are cut off too; the figures are
fixed, so that a shape means the same in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import Chase, Link
from nemeses.topology import between

_MS = 1_000_000
Order = tuple[str, ...]

# How often one looks who leads by now.
EVERY_NS: Mapping[str, int] = MappingProxyType({"minority": 70 * _MS})
MIN_NODES: Mapping[str, int] = MappingProxyType({"minority": 3})


def chase(shape: str, order: Order) -> Chase:
    """The fault of `shape`: the leader is cut off alone, or (minority) with as many others as make no
    majority with it, the first of `order`. Raises NemesisError for an unknown one.
    """
    if shape not in EVERY_NS:
        raise NemesisError(f"no chase shape {shape!r}; there are: {', '.join(EVERY_NS)}")
    allies = (len(order) - 1) // 2 - 1 if shape == "minority" else 0
    return Chase(shape, EVERY_NS[shape], order, allies)


def links(fault: Chase, leader: str) -> tuple[Link, ...]:
    """What is cut while `leader` leads."""
    others = [node for node in fault.order if node != leader]
    return tuple(between([leader, *others[: fault.allies]], others[fault.allies :]))


def describe(fault: Chase) -> str:
    """ "cut off whoever leads, every 60 ms anew (close)"."""
    whom = f"whoever leads and {fault.allies} more" if fault.allies else "whoever leads"
    return f"cut off {whom}, every {fault.every_ns // _MS} ms anew ({fault.shape})"
