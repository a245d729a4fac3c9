"""The learner: which values are chosen, and the registers that come of applying them in slot order.

After Paxos Made Simple, section 2.3: the acceptors tell one distinguished learner, the leader's, of their
votes, and it tells the others; one that missed something asks for it.

Laws:
- A value is chosen once a quorum of acceptors voted for it in the same ballot. What is chosen never changes.
- Slots are applied in order without a gap, so learners that know the same slots hold the same registers.
- Nothing is written down: the votes are, and what was chosen can always be found out again from a quorum.
"""

from __future__ import annotations

from systems import kv
from systems.paxos.acceptor import Acceptor
from systems.paxos.messages import BATCH, ZERO, Ballot, Chosen, Noop, Value
from systems.paxos.options import Options

Applied = tuple[int, kv.Ok]  # slot, and the answer of its command


class Learner:
    """`known`: how many slots, from 1 on, are known to be chosen and applied."""

    def __init__(self, acceptor: Acceptor, options: Options) -> None:
        """`acceptor`: the one of this node, which has the values it voted for."""
        self.known = 0
        self.store = kv.Store()
        self.values: list[Value] = []  # chosen, in slot order
        self._acceptor = acceptor
        self._options = options
        self._beyond: dict[int, Value] = {}  # chosen, but with a gap below
        self._ballot = ZERO  # of the votes that are being counted
        self._voters: dict[int, set[str]] = {}  # by slot

    def count(self, acceptor: str, ballot: Ballot, slots: range) -> list[Applied]:
        """`acceptor` voted in `ballot` in these slots, as this node's own acceptor did or will have.

        What this applies. Votes of older ballots are not counted.
        """
        if ballot > self._ballot:
            self._ballot, self._voters = ballot, {}
        applied: list[Applied] = []
        if ballot < self._ballot:
            return applied
        for slot in slots:
            if self._is_chosen(slot):
                continue
            voters = self._voters.setdefault(slot, set())
            voters.add(acceptor)
            vote = self._acceptor.vote_in(slot, ballot)
            if vote is not None and len(voters) >= self._options.quorum:
                applied += self.learn(slot, vote.value)
        return applied

    def has_vote_of(self, acceptor: str, slot: int) -> bool:
        """Whether its vote in the latest ballot was counted."""
        return acceptor in self._voters.get(slot, ())

    def learn_from_leader(self, ballot: Ballot, chosen: int) -> None:
        """The leader of `ballot` says that all slots up to `chosen` are chosen: where the own vote is of that
        ballot, it is for the chosen value.
        """
        while self.known < chosen:
            vote = self._acceptor.vote_in(self.known + 1, ballot)
            if vote is None:
                return
            self.learn(vote.slot, vote.value)

    def learn(self, slot: int, value: Value) -> list[Applied]:
        """`value` is chosen in `slot`; the slots that this applies."""
        if self._is_chosen(slot):
            return []
        self._voters.pop(slot, None)
        self._beyond[slot] = value
        in_order = self._options.bug != "apply-out-of-order"
        applied = [] if in_order else [(slot, self._apply(value))]
        while self.known + 1 in self._beyond:
            self.known += 1
            self.values.append(self._beyond.pop(self.known))
            if in_order:
                applied.append((self.known, self._apply(self.values[-1])))
        return applied

    def tell(self, first: int) -> Chosen:
        """What another learner lacks."""
        return Chosen(first, tuple(self.values[first - 1 : first - 1 + BATCH]), self.known)

    def _is_chosen(self, slot: int) -> bool:
        return slot <= self.known or slot in self._beyond

    def _apply(self, value: Value) -> kv.Ok:
        return kv.Ok() if isinstance(value, Noop) else self.store.apply(value)
