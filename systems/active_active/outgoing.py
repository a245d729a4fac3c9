"""The log of a node's own updates, and how far each peer has it.

Deltas in an ordered log rather than whole states or digests of them (anti-entropy): an update travels once to
each peer while nothing is lost, what is in doubt is a single number per peer, and as each origin's updates
arrive in order and once, sets need no tombstones (`systems.active_active.replica`). The price: an update
travels from its origin only, so a peer that cannot reach the origin waits, though others could tell it.

Laws:
- An update stays in the log until every peer has acknowledged it. Acknowledgements only rise.
- What is not acknowledged is sent again and again, from the first that is missing, `BATCH` at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

from systems.active_active.messages import Push, Update

BATCH = 64  # updates in one message


class Outgoing:
    """acknowledged: how many updates every peer has, which are not kept; log: those behind them.

    acked: peer -> how many it has. `_sent`: peer -> the last update sent since the last `resend` to it.
    """

    def __init__(self, peers: Iterable[str]) -> None:
        self.acknowledged = 0
        self.log: list[Update] = []
        self.acked = dict.fromkeys(peers, 0)
        self._sent = dict(self.acked)

    @property
    def last(self) -> int:
        """The number of the newest update."""
        return self.acknowledged + len(self.log)

    def append(self, update: Update) -> int:
        """Take in an update of this node; its number."""
        self.log.append(update)
        return self.last

    def load(self, acknowledged: int, log: Iterable[Update]) -> None:
        """Go on from a snapshot."""
        self.acknowledged, self.log = acknowledged, list(log)
        self.take_as_acked(acknowledged)

    def take_as_acked(self, upto: int) -> None:
        """Every peer has the updates up to `upto`."""
        for peer in self.acked:
            self.acked[peer] = self._sent[peer] = upto
        self._forget()

    def ack(self, peer: str, upto: int) -> bool:
        """`peer` has the updates up to `upto`; whether that is news. No peer can have more than there are."""
        if not self.acked[peer] < upto <= self.last:
            return False
        self.acked[peer] = upto
        self._sent[peer] = max(self._sent[peer], upto)
        self._forget()
        return True

    def fresh(self, peer: str) -> Push | None:
        """What was not sent to `peer` yet, the next batch of it; None if everything was."""
        first = self._sent[peer] + 1
        updates = tuple(self.log[first - 1 - self.acknowledged :][:BATCH])
        if not updates:
            return None
        self._sent[peer] = first + len(updates) - 1
        return Push(first, updates)

    def newest(self, peer: str) -> Push | None:
        """The newest update for `peer`; None while earlier ones are still on their way in batches."""
        return self.fresh(peer) if self._sent[peer] == self.last - 1 else None

    def resend(self, peer: str) -> Push | None:
        """What `peer` has not acknowledged, the first batch of it; None if that is nothing."""
        self._sent[peer] = self.acked[peer]
        return self.fresh(peer)

    def _forget(self) -> None:
        everywhere = min(self.acked.values(), default=self.last)
        del self.log[: everywhere - self.acknowledged]
        self.acknowledged = everywhere
