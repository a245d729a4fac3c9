"""The acceptor: promises and votes, for all slots (Paxos Made Simple, sections 2.2, 2.3 and 3).

Laws (P1a and what P2c needs):
- It takes part in no ballot below the one it promised, and votes in a slot only in ballots it takes part in.
- Of every slot it remembers the vote in the highest ballot.
- Both are on disk before anybody hears of them: the record stands before the message in the list of effects.
  A vote implies the promise of its ballot.
"""

from __future__ import annotations

from systems.core import Outbox
from systems.paxos.messages import BATCH, ZERO, Ballot, Prepare, Promise, Promised, Record, Value, Vote, Voted


class Acceptor:
    """`promised`: the highest ballot promised; `votes`: by slot; `last`: the highest slot with a vote."""

    def __init__(self, outbox: Outbox, bug: str) -> None:
        self.promised = ZERO
        self.votes: dict[int, Vote] = {}
        self.last = 0
        self._outbox = outbox
        self._bug = bug

    def restore(self, record: Record) -> None:
        """Take up what was written down."""
        if isinstance(record, Voted):
            self._remember(record.ballot, record.first, record.values)
        if self._bug != "no-promise-persist":
            self.promised = max(self.promised, record.ballot)

    def promise(self, ballot: Ballot) -> bool:
        """Take part in no ballot below `ballot` any more; False if a higher one was promised."""
        if ballot > self.promised:
            self.promised = ballot
            self._outbox.persist(Promised(ballot))
        return ballot == self.promised

    def report(self, request: Prepare) -> Promise:
        """Phase 1b, the promise having been made. What does not fit is asked for again: no vote in a lower
        ballot can be added meanwhile, so the parts make one whole.
        """
        held = (self.votes.get(slot) for slot in range(request.first, self.last + 1))
        votes: list[Vote] = []
        for vote in held:
            if vote is None:
                continue
            if len(votes) == BATCH:
                return Promise(request.ballot, request.first, tuple(votes), vote.slot)
            votes.append(vote)
        return Promise(request.ballot, request.first, tuple(votes), 0)

    def accept(self, ballot: Ballot, first: int, values: tuple[Value, ...]) -> bool:
        """Phase 2b: vote, unless a higher ballot was promised; whether it did."""
        if ballot < self.promised and self._bug != "accept-below-promise":
            return False
        self.promised = max(self.promised, ballot)
        if not self._voted_in(ballot, range(first, first + len(values))):
            self._remember(ballot, first, values)
            self._outbox.persist(Voted(ballot, first, values))
        return True

    def vote_in(self, slot: int, ballot: Ballot) -> Vote | None:
        """The vote in `slot`, if it is of `ballot`."""
        vote = self.votes.get(slot)
        return vote if vote is not None and vote.ballot == ballot else None

    def _voted_in(self, ballot: Ballot, slots: range) -> bool:
        """Whether the votes are there already: a message that came again."""
        return all(self.vote_in(slot, ballot) for slot in slots)

    def _remember(self, ballot: Ballot, first: int, values: tuple[Value, ...]) -> None:
        for slot, value in enumerate(values, first):
            self.votes[slot] = Vote(slot, ballot, value)
        self.last = max(self.last, first + len(values) - 1)
