"""The operation log on its way to one other node.

Laws: one message with entries at a time is under way; what arrives meanwhile travels together in the next.
Whatever is lost is sent again after the next `send`, which is a heartbeat's.
"""

from __future__ import annotations

from systems.primary_backup.messages import Replicate, Stored
from systems.primary_backup.replica import Replica


class Feed:
    """What the sender knows of `peer`'s log: `match` entries agree and are on its disk; those behind the first
    `next` are sent next. busy: entries are under way to it.
    """

    __slots__ = ("_replica", "busy", "match", "next", "peer")

    def __init__(self, replica: Replica, peer: str, length: int) -> None:
        """length: how much of the log the peer probably has."""
        self.peer = peer
        self.next = length
        self.match = 0
        self.busy = False
        self._replica = replica

    def pump(self, round_: int = 0) -> None:
        """Send what is new, unless an answer is still owed."""
        if not self.busy and self.next < len(self._replica.log):
            self.send(round_)

    def send(self, round_: int = 0) -> None:
        """Send what the peer lacks, or nothing but a sign of life if it still owes an answer."""
        replica, prev = self._replica, self.next
        entries = () if self.busy else replica.batch(prev)
        self.busy = self.busy or bool(entries)
        prev_epoch = replica.epoch_of(prev)
        message = Replicate(replica.epoch, prev, prev_epoch, entries, replica.committed, round_)
        replica.send(self.peer, message)

    def stored(self, answer: Stored) -> None:
        """Take the peer's answer of this epoch."""
        self.busy = False
        if answer.ok:
            self.match = max(self.match, answer.length)
            self.next = max(self.next, self.match)
        else:
            self.next = max(self.match, min(self.next, answer.length))
