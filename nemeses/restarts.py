"""Restart faults: nodes that are killed and started at once, again and again, by shape.

Where `kill` keeps a node down until the others have settled without it, these hit in the middle of elections,
and what a node forgets in a crash is asked for while it matters. Invariants: no node stays down; the figures
are fixed, so that a shape means the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import Restarts
from nemeses.topology import between

_MS = 1_000_000
Order = tuple[str, ...]


def _bridge(order: Order) -> Restarts:
    """Two halves that only one node connects, which each needs for a majority: it votes in both."""
    half = len(order) // 2
    bridge, left, right = order[0], order[1 : half + 1], order[half + 1 :]
    return Restarts("bridge", (bridge,), 45 * _MS, between(left, right))


SHAPES: Mapping[str, Callable[[Order], Restarts]] = MappingProxyType(
    {
        "rolling": lambda order: Restarts("rolling", order, 300 * _MS),
        "bridge": _bridge,
    }
)
MIN_NODES: Mapping[str, int] = MappingProxyType({"rolling": 1, "bridge": 3})


def restarts(shape: str, order: Order) -> Restarts:
    """The fault of `shape`. Raises NemesisError for an unknown one."""
    if shape not in SHAPES:
        raise NemesisError(f"no restarts shape {shape!r}; there are: {', '.join(SHAPES)}")
    return SHAPES[shape](order)


def describe(fault: Restarts) -> str:
    """ "restart n2, n1, n3 in turn every 300 ms (rolling)"."""
    how = " in turn" if len(fault.nodes) > 1 else ", all that connects two halves," if fault.links else ""
    return f"restart {', '.join(fault.nodes)}{how} every {fault.every_ns // _MS} ms ({fault.shape})"
