"""Faults as values: what is planned (`FaultSpec`), and what it became once the nodes' roles were known
(`Fault`).

Invariants: frozen, JSON both ways (msgspec); a Fault names nodes and directed links, nothing about any place
they run in.
"""

from __future__ import annotations

from typing import Literal

import msgspec

CLIENTS = "clients"  # the name that stands for all clients at the end of a link


class Link(msgspec.Struct, frozen=True, order=True, array_like=True):
    """One direction: packets from `source` to `target`. Either may be `CLIENTS`."""

    source: str
    target: str


class Partition(msgspec.Struct, frozen=True, tag="partition", tag_field="kind"):
    """Packets on these directed links vanish silently. `shape` says how they were chosen, in words."""

    links: tuple[Link, ...]
    shape: str


class Kill(msgspec.Struct, frozen=True, tag="kill", tag_field="kind"):
    """SIGKILL to the nodes; the undo starts them again on the same data directory. `target`: how chosen, in
    words.
    """

    nodes: tuple[str, ...]
    target: str = ""


class Pause(msgspec.Struct, frozen=True, tag="pause", tag_field="kind"):
    """SIGSTOP to the nodes; the undo is SIGCONT. `target`: how chosen, in words."""

    nodes: tuple[str, ...]
    target: str = ""


class Packets(msgspec.Struct, frozen=True, tag="packets", tag_field="kind"):
    """What happens to messages between nodes: shares that are lost or doubled, and a delay uniform in
    `delay_ns` instead of the network's own (None), so that they overtake each other.
    """

    shape: str
    loss: float = 0.0
    duplicate: float = 0.0
    delay_ns: tuple[int, int] | None = None


class ClockSetting(msgspec.Struct, frozen=True):
    """`node`'s clocks run at `rate`; its time of day is off by `jump_ns`."""

    node: str
    rate: float = 1.0
    jump_ns: int = 0


class Skew(msgspec.Struct, frozen=True, tag="clock", tag_field="kind"):
    """Clocks that are wrong; the undo sets them right. `shape`: how chosen, in words."""

    settings: tuple[ClockSetting, ...]
    shape: str


class Reconfigure(msgspec.Struct, frozen=True, tag="members", tag_field="kind"):
    """The system is asked to take `nodes` out of the cluster, all at the same time (the undo: back in), or to
    let the first of them lead.
    """

    action: Literal["remove", "transfer"]
    nodes: tuple[str, ...]
    shape: str


class Restarts(msgspec.Struct, frozen=True, tag="restarts", tag_field="kind"):
    """SIGKILL and a start on the same data, to the nodes in turn, one every `every_ns`. links: what is cut
    meanwhile.
    """

    shape: str
    nodes: tuple[str, ...]
    every_ns: int
    links: tuple[Link, ...] = ()


class Chase(msgspec.Struct, frozen=True, tag="chase", tag_field="kind"):
    """The node that leads is cut off from the others, together with the first `allies` of `order`; who it is,
    is looked at every `every_ns`.
    """

    shape: str
    every_ns: int
    order: tuple[str, ...]
    allies: int


Fault = Partition | Kill | Pause | Packets | Skew | Reconfigure | Restarts | Chase
Kind = Literal["partition", "kill", "pause", "packets", "clock", "members", "restarts", "chase"]


class FaultSpec(msgspec.Struct, frozen=True):
    """A fault before roles are known.

    shape: one of those that the kind has in `nemeses.catalogue`. order: a permutation of all nodes drawn from
    the seed when the plan was made; whatever is still open is settled by it, so that the same roles give the
    same fault.
    """

    kind: Kind
    shape: str
    order: tuple[str, ...]


class View(msgspec.Struct, frozen=True):
    """What is known of the cluster when a fault is due. `leader`: the node that leads in the highest term
    seen, or None. down: nodes that a fault keeps dead.
    """

    nodes: tuple[str, ...]
    leader: str | None = None
    down: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True):
    """Whether a fault landed, or its undo worked, and how that was seen (each line e.g. "n2: 41 packets from
    n1 dropped").
    """

    status: Literal["installed", "skipped", "indeterminate"]
    lines: tuple[str, ...] = ()
