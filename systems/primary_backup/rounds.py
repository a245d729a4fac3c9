"""Reads that wait until a majority has confirmed that the reader's epoch still stands.

Laws:
- A read is given back only once a majority (the reader included) confirmed a round that was begun after the
  read arrived; whoever confirms stands in the reader's epoch at that moment.
- One round at a time is under way; reads that arrive meanwhile share the next one.
- A round's number is used once: within an epoch numbers grow, and `first` keeps apart the incarnations of a
  reader that may read twice in one epoch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from systems.core import CoreConfig


class Rounds:
    """The waiting reads of one node. number: the latest round that was begun."""

    def __init__(self, config: CoreConfig, first: int = 0) -> None:
        self.number = first
        self._majority = config.majority
        self._confirmed = dict.fromkeys(config.peers, first)
        self._waiting: deque[tuple[int, int, Any]] = deque()  # (round it needs, request id, command)

    def add(self, request_id: int, command: Any) -> None:
        """Let a read wait."""
        self._waiting.append((self.number + 1, request_id, command))

    def confirm(self, peer: str, number: int) -> None:
        """`peer` stood in the epoch after round `number` was begun."""
        self._confirmed[peer] = max(self._confirmed[peer], number)

    def take(self) -> Iterator[tuple[int, Any]]:
        """The reads, as (request id, command), that may be answered now."""
        confirmed = self._by_majority()
        while self._waiting and self._waiting[0][0] <= confirmed:
            yield self._waiting.popleft()[1:]

    def begin(self) -> bool:
        """Begin the next round, if a read needs it and none is under way."""
        begins = bool(self._waiting) and self._by_majority() >= self.number
        self.number += begins
        return begins

    def is_open(self) -> bool:
        """Whether a round is under way."""
        return self._by_majority() < self.number

    def clear(self) -> Iterator[tuple[int, Any]]:
        """All reads that wait still, which are forgotten, and with them the round under way."""
        self._confirmed = dict.fromkeys(self._confirmed, self.number)
        while self._waiting:
            yield self._waiting.popleft()[1:]

    def _by_majority(self) -> int:
        return sorted([self.number, *self._confirmed.values()], reverse=True)[self._majority - 1]
