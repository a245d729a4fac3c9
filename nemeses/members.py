"""Membership faults: nodes are taken out of the cluster and put back, or the leader is told to hand over.

Invariants: a fault takes out at most two nodes, and its undo puts them back; the same view and order give the
same fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import Reconfigure, View
from nemeses.targets import leader_of

SHAPES = ("remove", "remove-leader", "remove-two", "transfer")
# Of fewer, what is left after a removal could lose its majority to one more fault.
MIN_NODES: Mapping[str, int] = MappingProxyType(
    {"remove": 3, "remove-leader": 3, "remove-two": 5, "transfer": 2}
)


def reconfigure(shape: str, view: View, order: tuple[str, ...]) -> Reconfigure:
    """The fault of `shape`. Raises NemesisError for an unknown one."""
    if shape not in SHAPES:
        raise NemesisError(f"no members shape {shape!r}; there are: {', '.join(SHAPES)}")
    leader, words = leader_of(view, order)
    others = [node for node in order if node != leader]
    if shape == "remove-leader":
        return Reconfigure("remove", (leader,), words)
    if shape == "remove-two":  # at the same time: a system that takes one change at a time refuses the second
        return Reconfigure("remove", tuple(sorted(others[:2])), shape)
    return Reconfigure("remove" if shape == "remove" else "transfer", (others[0],), shape)


def describe(fault: Reconfigure) -> str:
    """ "take n3 out of the cluster (remove)", "hand leadership over to n2 (transfer)"."""
    nodes = ", ".join(fault.nodes)
    done = (
        f"take {nodes} out of the cluster" if fault.action == "remove" else f"hand leadership over to {nodes}"
    )
    return f"{done} ({fault.shape})"
