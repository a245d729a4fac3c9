"""Packet faults: what the network between nodes does to messages, by shape.

Invariants: a message may be lost, doubled, late or overtaken, never changed; every node is hit alike; the
figures are fixed, so that a shape means the same in every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import Packets

_MS = 1_000_000

SHAPES: Mapping[str, Packets] = MappingProxyType(
    {
        "loss": Packets("loss", loss=0.3),
        "duplicate": Packets("duplicate", duplicate=0.4),
        "delay": Packets("delay", delay_ns=(20 * _MS, 120 * _MS)),
        "reorder": Packets("reorder", delay_ns=(_MS, 250 * _MS)),
        "storm": Packets("storm", loss=0.2, duplicate=0.2, delay_ns=(_MS, 200 * _MS)),
    }
)
MIN_NODES: Mapping[str, int] = MappingProxyType(dict.fromkeys(SHAPES, 2))


def packets(shape: str) -> Packets:
    """The fault of `shape`. Raises NemesisError for an unknown one."""
    if shape not in SHAPES:
        raise NemesisError(f"no packets shape {shape!r}; there are: {', '.join(SHAPES)}")
    return SHAPES[shape]


def describe(fault: Packets) -> str:
    """ "lose 30 % of messages, delay them by 20 to 120 ms (storm)"."""
    parts = []
    if fault.loss:
        parts.append(f"lose {fault.loss:.0%} of the messages between nodes")
    if fault.duplicate:
        parts.append(f"double {fault.duplicate:.0%}")
    if fault.delay_ns is not None:
        low, high = (ns // _MS for ns in fault.delay_ns)
        parts.append(f"delay them by {low} to {high} ms")
    return f"{', '.join(parts)} ({fault.shape})"
