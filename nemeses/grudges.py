"""Grudges: which links a partition cuts, computed as a value from a shape, the nodes' roles and a drawn
order.

The shapes are those of Jepsen's `jepsen.nemesis` (partition-node, partition-halves, bridge, majorities-ring),
and three more. Nodes that are cut from each other are still reached by clients, except under "clients": an
isolated leader that goes on answering is exactly what has to be seen.

Invariants: links are symmetric except under "one-way"; the same view and order give the same partition; a
shape that a cluster is too small for raises NemesisError (`MIN_NODES`), it never turns into another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import CLIENTS, Partition, View
from nemeses.targets import leader_of
from nemeses.topology import between, one_way

Order = tuple[str, ...]


def _one(_view: View, order: Order) -> Partition:
    return Partition(between(order[:1], order[1:]), f"one: {order[0]}")


def _halves(_view: View, order: Order) -> Partition:
    middle = len(order) // 2
    return Partition(between(order[:middle], order[middle:]), "halves")


def _ring(_view: View, order: Order) -> Partition:
    # With the nodes on a ring, each hears those at most `reach` steps away: itself and `reach` on either
    # side, which is a majority because 2 * (m // 2) + 1 >= m. The windows differ because they are shorter
    # than the ring.
    size = len(order)
    reach = (size // 2 + 1) // 2
    cut = [
        link
        for i, a in enumerate(order)
        for j, b in enumerate(order[:i])
        if min(i - j, size - i + j) > reach
        for link in between([a], [b])
    ]
    return Partition(tuple(sorted(cut)), f"majorities-ring: {'-'.join(order)}-{order[0]}")


def _bridge(_view: View, order: Order) -> Partition:
    bridge, rest = order[0], order[1:]
    middle = len(rest) // 2
    return Partition(between(rest[:middle], rest[middle:]), f"bridge: {bridge}")


def _leader(view: View, order: Order) -> Partition:
    node, words = leader_of(view, order)
    return Partition(between([node], [other for other in order if other != node]), words)


def _one_way(_view: View, order: Order) -> Partition:
    node, others = order[0], order[1:]
    # The last two settle the direction: they are independent of who is first (but not with two nodes).
    if len(order) == 2 or order[-2] < order[-1]:
        return Partition(one_way([node], others), f"one-way: outgoing of {node}")
    return Partition(one_way(others, [node]), f"one-way: incoming of {node}")


def _clients(_view: View, order: Order) -> Partition:
    minority = max(1, (len(order) - 1) // 2)
    cut = order[:minority] if order[-2:] == tuple(sorted(order[-2:])) else order[:1]
    return Partition(between([CLIENTS], cut), "clients")


SHAPES: Mapping[str, Callable[[View, Order], Partition]] = MappingProxyType(
    {
        "one": _one,
        "halves": _halves,
        "majorities-ring": _ring,
        "bridge": _bridge,
        "leader": _leader,
        "one-way": _one_way,
        "clients": _clients,
    }
)

# With three nodes the ring would cut nothing and is the bridge in any other reading; with two there is no
# third to join them.
MIN_NODES: Mapping[str, int] = MappingProxyType(
    {"one": 2, "halves": 2, "majorities-ring": 4, "bridge": 3, "leader": 2, "one-way": 2, "clients": 1}
)


def partition(shape: str, view: View, order: Order) -> Partition:
    """The partition of `shape`. Raises NemesisError for an unknown shape, or one that needs more nodes."""
    if shape not in SHAPES:
        raise NemesisError(f"no partition shape {shape!r}; there are: {', '.join(SHAPES)}")
    if len(order) < MIN_NODES[shape]:
        raise NemesisError(
            f"partition shape {shape!r} needs {MIN_NODES[shape]} nodes, there are {len(order)}"
        )
    return SHAPES[shape](view, order)
