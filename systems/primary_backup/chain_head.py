"""The head of a chain as the master of its configuration: who stands in the chain, and when that must change.

The paper (van Renesse and Schneider 2004, section 3.2) leaves this to a master that never errs; here the head
proposes, once per epoch, and to change its mind it has to win another epoch.

Laws:
- A chain is never shorter than a majority of all nodes and stands only of nodes that granted its epoch; with
  the head in front, the others follow in the order of the members, from the head's place round the circle.
- A node that gave no sign of life for half a takeover time, or where what is written has come to a halt, is
  left out if a majority remains without it. One that was left out and gives signs of life for two takeover
  times comes back; at once, if the chain cannot do without.
- A head that does not hear a majority rules no longer.
"""

from __future__ import annotations

from collections.abc import Set
from enum import Enum

from systems.primary_backup.messages import Present
from systems.primary_backup.replica import Replica

PATIENCE = 4  # watches, each of half a takeover time, after which a node that was left out comes back


class Finding(Enum):
    """What a watch comes to."""

    KEEP = "the chain does its work"
    CHANGE = "another chain would do better"
    RESIGN = "no majority is heard"


class Head:
    """One node's rule in one epoch. chain: empty until it is proposed; doubted: nodes better left out."""

    def __init__(self, replica: Replica, doubted: Set[str]) -> None:
        self.chain: tuple[str, ...] = ()
        self.doubted = doubted
        self._replica = replica
        self._lengths = dict.fromkeys(replica.config.peers, 0)
        self._heard = set(replica.config.peers)
        self._returning = dict.fromkeys(replica.config.peers, 0)  # watches that heard it while left out
        self._mark = 0  # length of the log at the last watch

    def propose(self, granted: Set[str]) -> None:
        """Settle the chain of this epoch."""
        config = self._replica.config
        at = config.members.index(config.name)
        others = [m for m in (*config.members[at + 1 :], *config.members[:at]) if m in granted]
        trusted = [m for m in others if m not in self.doubted]
        self.chain = (config.name, *(trusted if len(trusted) + 1 >= config.majority else others))

    def present(self, sender: str, answer: Present) -> None:
        """Take a sign of life of this epoch."""
        self._heard.add(sender)
        self._lengths[sender] = max(self._lengths[sender], answer.length)

    def watch(self) -> Finding:
        """Look at what happened since the last watch; `doubted` says whom another chain should do without."""
        config, heard = self._replica.config, self._heard
        is_halted = self._replica.committed < self._mark
        behind = [m for m in self.chain[1:] if self._lengths[m] < self._mark]
        halted_at = set(behind[:1]) if is_halted else set()
        for peer in config.peers:
            waits = peer in heard and peer not in self.chain
            self._returning[peer] = self._returning[peer] + 1 if waits else 0
        good = {m for m in self.chain[1:] if m in heard and m not in halted_at}
        good |= {m for m, watches in self._returning.items() if watches >= PATIENCE}
        if len(good) + 1 < config.majority:
            good |= heard - halted_at
        self.doubted = set(config.peers) - good
        self._heard, self._mark = set(), len(self._replica.log)
        if len(heard) + 1 < config.majority:
            return Finding.RESIGN
        if len(good) + 1 < config.majority or good == set(self.chain[1:]):
            return Finding.KEEP
        return Finding.CHANGE
