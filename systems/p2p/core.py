"""Peers of equal weight in two modes: `quorum`, which is linearizable, and `gossip`, which converges.

The option `mode` chooses: `systems.p2p.quorum` says why the first one is linearizable, and
`systems.p2p.gossip` what the second one gives for answering alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from systems.core import Core, CoreConfig, Effect, Event
from systems.p2p.gossip import GossipCore
from systems.p2p.messages import Command, Message, Record
from systems.p2p.quorum import QuorumCore

MODES: Mapping[str, Callable[[CoreConfig, Sequence[Record]], Core]] = {
    "quorum": QuorumCore,
    "gossip": GossipCore,
}


class P2pCore:
    """One peer. Options: mode quorum|gossip (quorum) and those of `systems.p2p.options`.

    Raises ValueError for a mode that does not exist.
    """

    message_type = Message
    record_type = Record
    command_type = Command

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        mode = config.options.get("mode", "quorum")
        if mode not in MODES:
            raise ValueError(f"p2p has no mode {mode!r}; choose -o mode=quorum or -o mode=gossip")
        self.inner: Core = MODES[mode](config, records)

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        return self.inner.step(event)
