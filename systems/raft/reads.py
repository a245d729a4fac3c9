"""Reads that wait for a round of confirmations (ReadIndex; thesis, section 6.4).

Invariants: one round at a time; a read belongs to a round that began after the read arrived; reads that
arrive while a round is under way share the next one. A round counts as confirmed by a node once an answer
to a message sent in this round or a later one has come from it, so lost confirmations are made good by the
next heartbeat.
"""

from __future__ import annotations

from systems.raft.messages import Query

Read = tuple[int, Query]  # request id, what is asked


class Reads:
    """The reads that a leader has taken and not yet answered."""

    __slots__ = ("_asked", "_waiting", "round")

    def __init__(self) -> None:
        self.round = 0
        self._waiting: list[Read] = []
        self._asked: list[Read] = []

    @property
    def idle(self) -> bool:
        """Whether there is no read to answer."""
        return not self._asked and not self._waiting

    def add(self, request_id: int, query: Query) -> None:
        """Take a read; it waits for a round."""
        self._waiting.append((request_id, query))

    def begin_round(self) -> bool:
        """Start a round for all that wait, unless one is under way or nothing waits; whether it did."""
        if self._asked or not self._waiting:
            return False
        self._asked, self._waiting = self._waiting, []
        self.round += 1
        return True

    def confirmed(self, round_: int) -> list[Read]:
        """The reads that may be answered once a majority has confirmed `round_`; they leave."""
        if round_ < self.round:
            return []
        ready, self._asked = self._asked, []
        return ready

    def drain(self) -> list[Read]:
        """All reads; they leave unanswered."""
        reads = self._asked + self._waiting
        self._asked, self._waiting = [], []
        return reads
