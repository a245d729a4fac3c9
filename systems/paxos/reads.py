"""Reads that wait for a quorum that still obeys the leader, asked after they came.

Rounds are numbered by the heartbeats that carry them. Invariants: a read is answered only when a quorum has
answered a round that began after the read arrived; reads that arrive while a round is under way share the
next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from systems import kv

Waiting = tuple[int, int, kv.Read]  # the round it needs, request id, what is asked


class Reads:
    """`round`: the latest that was sent out."""

    def __init__(self, peers: Sequence[str], quorum: int) -> None:
        self.round = 0
        self._obeyed = dict.fromkeys(peers, 0)  # the latest round that each has answered
        self._quorum = quorum
        self._waiting: deque[Waiting] = deque()

    def add(self, request_id: int, command: kv.Read) -> None:
        """Take a read that arrives now."""
        self._waiting.append((self.round + 1, request_id, command))

    def obeyed(self, peer: str, round_: int) -> None:
        """`peer` answered `round_`."""
        self._obeyed[peer] = max(self._obeyed[peer], round_)

    @property
    def wants_round(self) -> bool:
        """Whether a read waits for a round that is yet to begin, and none is under way."""
        waits = bool(self._waiting) and self._waiting[-1][0] > self.round
        return waits and self._confirmed() == self.round

    def ready(self) -> Iterator[tuple[int, kv.Read]]:
        """The reads that are confirmed, in order; they leave."""
        confirmed = self._confirmed() if self._waiting else 0
        while self._waiting and self._waiting[0][0] <= confirmed:
            _, request_id, command = self._waiting.popleft()
            yield request_id, command

    def drain(self) -> list[int]:
        """The request ids of all; they leave unanswered."""
        left = [request_id for _, request_id, _ in self._waiting]
        self._waiting.clear()
        return left

    def _confirmed(self) -> int:
        """The latest round that a quorum, the leader included, has answered."""
        return sorted((self.round, *self._obeyed.values()), reverse=True)[self._quorum - 1]
