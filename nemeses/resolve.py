"""From what was planned to what is done: a FaultSpec and the cluster's roles give a Fault; a Fault in words.

Invariants: pure; the same spec and view give the same fault. The words are for people: nothing parses them.
"""

from __future__ import annotations

from collections.abc import Sequence

from nemeses import chase, clocks, members, packets, restarts
from nemeses.errors import NemesisError
from nemeses.faults import (
    CLIENTS,
    Chase,
    Fault,
    FaultSpec,
    Kill,
    Link,
    Packets,
    Partition,
    Pause,
    Reconfigure,
    Restarts,
    Skew,
    View,
)
from nemeses.grudges import partition
from nemeses.targets import chosen
from nemeses.topology import between, is_symmetric


def resolve(spec: FaultSpec, view: View) -> Fault:
    """What `spec` means for the cluster as it is. Raises NemesisError if they do not fit together."""
    if sorted(spec.order) != sorted(view.nodes):
        raise NemesisError(
            f"a fault for {', '.join(sorted(spec.order))} cannot hit {', '.join(sorted(view.nodes))}"
        )
    # Hurting the dead proves nothing: nodes that are up are chosen first, and a dead node does not lead.
    order = tuple(sorted(spec.order, key=lambda node: node in view.down))
    if view.leader in view.down:
        view = View(view.nodes, None, view.down)
    if spec.kind == "partition":
        return partition(spec.shape, view, order)
    if spec.kind == "packets":
        return packets.packets(spec.shape)
    if spec.kind == "clock":
        return clocks.skew(spec.shape, view, order)
    if spec.kind == "members":
        return members.reconfigure(spec.shape, view, order)
    if spec.kind == "chase":
        return chase.chase(spec.shape, order)
    if spec.kind == "restarts":
        return restarts.restarts(spec.shape, order)
    nodes, words = chosen(spec.shape, view, order)
    return Kill(nodes, words) if spec.kind == "kill" else Pause(nodes, words)


def targets_of(fault: Fault) -> tuple[str, ...]:
    """The nodes a fault hits, sorted: for a partition both ends of every link, clients left out; none for one
    that hits all links alike.
    """
    if isinstance(fault, Partition):
        ends = {end for link in fault.links for end in (link.source, link.target)}
        return tuple(sorted(ends - {CLIENTS}))
    match fault:
        case Packets() | Chase():
            return ()
        case Skew(settings):
            return tuple(sorted(setting.node for setting in settings))
        case Reconfigure(_, nodes):
            return tuple(sorted(nodes))
    return tuple(sorted(fault.nodes))


def describe(fault: Fault) -> str:
    """One line: "cut n1 from n2, n3 (leader: n1)", "kill n4 (one)"."""
    if isinstance(fault, Partition):
        return f"{_cut(fault)} ({fault.shape})"
    match fault:
        case Packets():
            return packets.describe(fault)
        case Skew():
            return clocks.describe(fault)
        case Reconfigure():
            return members.describe(fault)
        case Chase():
            return chase.describe(fault)
        case Restarts():
            return restarts.describe(fault)
    verb = "kill" if isinstance(fault, Kill) else "pause"
    chosen_how = f" ({fault.target})" if fault.target else ""
    return f"{verb} {', '.join(fault.nodes)}{chosen_how}"


def _cut(fault: Partition) -> str:
    if not fault.links:
        return "cut nothing"
    if is_symmetric(fault.links):
        group, other = _sides(fault.links)
        if set(between(group, other)) == set(fault.links):
            return f"cut {', '.join(group)} from {', '.join(other)}"
        return "cut " + ", ".join(
            f"{a.source}|{a.target}" for a in sorted(fault.links) if a.source < a.target
        )
    sources, targets = _ends(fault.links)
    if len(fault.links) == len(sources) * len(targets):
        return f"drop packets from {', '.join(sources)} to {', '.join(targets)}"
    return "drop packets " + ", ".join(f"{link.source}>{link.target}" for link in sorted(fault.links))


def _ends(links: Sequence[Link]) -> tuple[list[str], list[str]]:
    return sorted({link.source for link in links}), sorted({link.target for link in links})


def _sides(links: Sequence[Link]) -> tuple[list[str], list[str]]:
    """The smaller side first: it is the one that was singled out."""
    first = min(link.source for link in links)
    other = sorted({link.target for link in links if link.source == first})
    group = sorted({link.target for link in links if link.source == other[0]})
    return (group, other) if len(group) <= len(other) else (other, group)
