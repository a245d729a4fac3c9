"""The proposer: ballots, phase 1, and the step to phase 2 (Paxos Made Simple, sections 2.2, 2.5 and 3).

Laws:
- A ballot is used once: it is above all that this node's acceptor has promised, which includes every ballot
  the node has used, since its own acceptor's promise is on disk before the first `Prepare` is sent.
- Phase 1 is done at once for all slots from the first that is not known to be chosen.
- Phase 2 (`systems.paxos.leader`) begins with what a quorum reported: in each slot the value of the highest
  ballot, a no-op in the gaps between.
"""

from __future__ import annotations

from systems import kv
from systems.paxos.leader import Leadership
from systems.paxos.messages import ZERO, Ballot, Noop, Prepare, Promise, Value, Vote
from systems.paxos.site import Site


class Preparation:
    """Phase 1 of `ballot`."""

    def __init__(self, site: Site, ballot: Ballot) -> None:
        self.ballot = ballot
        self.moved = False  # whether a part of a report came since this was last looked at
        self._site = site
        self._first = site.learner.known + 1
        self._votes: dict[int, Vote] = {}  # the highest reported, by slot
        self._parts: dict[str, int] = {}  # acceptor -> from which slot on it has yet to report
        self._whole: set[str] = set()  # acceptors that reported all

    def begin(self) -> None:
        """Promise it oneself, then ask the others."""
        request = Prepare(self.ballot, self._first)
        self._site.acceptor.promise(self.ballot)
        for vote in self._site.acceptor.votes.values():
            self._note(vote)
        self._whole.add(self._site.name)
        self._site.broadcast(request)

    def take(self, sender: str, promise: Promise) -> None:
        """Take an acceptor's report, and ask for the rest of it if there is one."""
        if promise.first != self._parts.get(sender, self._first):
            return  # it came again
        for vote in promise.votes:
            self._note(vote)
        if promise.next:
            self.moved = True
            self._parts[sender] = promise.next
            self._site.send(sender, Prepare(self.ballot, promise.next))
        else:
            self._whole.add(sender)

    @property
    def is_done(self) -> bool:
        """Whether a quorum reported all."""
        return len(self._whole) >= self._site.options.quorum

    def finish(self) -> Leadership:
        """Phase 2, beginning with the values that have to be proposed."""
        first = self._site.learner.known + 1  # meanwhile more may have become known
        last = max(self._votes, default=0)
        values = [self._value(slot) for slot in range(first, last + 1)]
        return Leadership(self._site, self.ballot, first, values)

    def _value(self, slot: int) -> Value:
        vote = self._votes.get(slot)
        if vote is None or self._site.options.bug == "no-adopt":
            return Noop()
        return vote.value

    def _note(self, vote: Vote) -> None:
        held = self._votes.get(vote.slot)
        if held is None or held.ballot < vote.ballot or self._site.options.bug == "adopt-any":
            self._votes[vote.slot] = vote


class Proposer:
    """One node's proposer: idle, in phase 1 (`preparation`) or in phase 2 (`leadership`)."""

    def __init__(self, site: Site) -> None:
        self.preparation: Preparation | None = None
        self.leadership: Leadership | None = None
        self._site = site
        self._seen = site.acceptor.promised  # the highest ballot heard of
        self._takes_up = site.options.bug == "ballot-reused" and self._seen > ZERO

    @property
    def ballot(self) -> Ballot:
        """The ballot under way, ZERO if idle."""
        phase = self.leadership or self.preparation
        return phase.ballot if phase else ZERO

    def stand(self) -> None:
        """Begin phase 1 in a new ballot."""
        self.yield_to(self._site.acceptor.promised, None)
        ballot = Ballot(self._seen.number + 1, self._site.name)
        if self._takes_up:
            ballot, self._takes_up = self._site.acceptor.promised, False
        self.preparation = Preparation(self._site, ballot)
        self.preparation.begin()
        self._lead_if_done()

    def promised(self, sender: str, promise: Promise) -> None:
        """Take an acceptor's answer to phase 1; with a quorum of them, lead."""
        if self.preparation is not None and promise.ballot == self.preparation.ballot:
            self.preparation.take(sender, promise)
            self._lead_if_done()

    def yield_to(self, ballot: Ballot, leader: str | None) -> None:
        """Give up the ballot under way, another being higher; clients are told of `leader`."""
        self._seen = max(self._seen, ballot)
        self.preparation = None
        leadership, self.leadership = self.leadership, None
        if leadership is not None:
            leadership.resign(leader)

    def request(self, request_id: int, command: kv.Command, hint: str | None) -> None:
        """Take a client's command, or send it on to `hint`."""
        if self.leadership is None or not self.leadership.has_quorum:
            self._site.reply(request_id, kv.NotLeader(hint))
        elif isinstance(command, kv.Read):
            self.leadership.read(request_id, command)
        else:
            self.leadership.propose(request_id, command)

    def _lead_if_done(self) -> None:
        if self.preparation is not None and self.preparation.is_done:
            self.leadership, self.preparation = self.preparation.finish(), None
            self.leadership.begin()
