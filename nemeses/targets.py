"""Targets: which nodes are killed or paused.

Invariants: the same view and order give the same nodes; a target that a cluster is too small for raises
NemesisError (`MIN_NODES`). An unknown leader is replaced by the first node of the order, and the words say
so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import View

Order = tuple[str, ...]


def leader_of(view: View, order: Order) -> tuple[str, str]:
    """The leader and "leader: n1"; if nobody is known to lead, the first of `order` and words that say so."""
    if view.leader is None:
        return order[0], f"leader unknown, first in order: {order[0]}"
    if view.leader not in order:
        raise NemesisError(f"the leader {view.leader!r} is none of the nodes {', '.join(order)}")
    return view.leader, f"leader: {view.leader}"


def _leader(view: View, order: Order) -> tuple[Order, str]:
    node, words = leader_of(view, order)
    return (node,), words.partition(":")[0]


TARGETS: Mapping[str, Callable[[View, Order], tuple[Order, str]]] = MappingProxyType(
    {
        "one": lambda _view, order: (order[:1], "one"),
        "leader": _leader,
        "minority": lambda _view, order: (order[: (len(order) - 1) // 2], "minority"),
        "majority": lambda _view, order: (order[: len(order) // 2 + 1], "majority"),
        "all": lambda _view, order: (order, "all"),
    }
)

# Below three nodes a minority is nobody, and a majority is everybody ("all").
MIN_NODES: Mapping[str, int] = MappingProxyType(
    {"one": 1, "leader": 1, "minority": 3, "majority": 3, "all": 1}
)


def chosen(target: str, view: View, order: Order) -> tuple[Order, str]:
    """The nodes of `target`, sorted, and how they were chosen, in words.

    Raises NemesisError as the module says.
    """
    if target not in TARGETS:
        raise NemesisError(f"no target {target!r}; there are: {', '.join(TARGETS)}")
    if len(order) < MIN_NODES[target]:
        raise NemesisError(f"target {target!r} needs {MIN_NODES[target]} nodes, there are {len(order)}")
    nodes, words = TARGETS[target](view, order)
    return tuple(sorted(nodes)), words
