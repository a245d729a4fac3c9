"""The times of a primary-backup node, in ns."""

from __future__ import annotations

from dataclasses import dataclass

from systems.core import MILLISECOND_NS, CoreConfig


@dataclass(frozen=True, slots=True)
class Timing:
    """What the options say.

    heartbeat_ns: between a primary's signs of life. takeover_ns: silence after which it counts as dead.
    stagger_ns: the range of what a backup waits beyond that. Members' ranges do not overlap and the first
    member's comes first, so usually one backup at a time tries to take over.
    """

    heartbeat_ns: int
    takeover_ns: int
    stagger_ns: tuple[int, int]

    @classmethod
    def of(cls, config: CoreConfig) -> Timing:
        """Read heartbeat_ms (80) and takeover_ms (600)."""
        takeover_ns = int(config.options.get("takeover_ms", "600")) * MILLISECOND_NS
        rank, size = config.members.index(config.name), len(config.members)
        return cls(
            heartbeat_ns=int(config.options.get("heartbeat_ms", "80")) * MILLISECOND_NS,
            takeover_ns=takeover_ns,
            stagger_ns=(takeover_ns * rank // size, takeover_ns * (rank + 1) // size),
        )
