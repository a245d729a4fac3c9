"""Multi-Paxos: one node, in which a proposer, an acceptor and a learner work side by side.

After Lamport, "Paxos Made Simple" (2001), and van Renesse & Altinbuken, "Paxos Made Moderately Complex"
(2015). This module takes the events to the roles, and decides when the proposer stands for election.

Why it is linearizable:
1. One value per slot. A proposer proposes in ballot b only after a quorum promised b, and then, in each slot,
   the value of the highest ballot below b that any of them voted in; its own only where none voted. Say v was
   chosen in ballot c < b: a quorum voted for it. It shares an acceptor with the quorum that promised b, and
   that one voted before it promised, since afterwards it takes part in no ballot below b. So a vote in c or
   later was reported, and by induction over the ballots between c and b every such vote is for v. Hence
   ballot b proposes v (PMS, P2c).
2. The induction needs that a ballot has one proposer, which proposes one value per slot in it: ballots carry
   the node's name, and none is used twice, across restarts either; and that promises and votes outlive a
   crash: both are on disk before anybody hears of them.
3. Learners apply what is chosen in slot order, so all go through the same states. A command is answered when
   its leader has applied it: it was chosen between its call and its return, and commands proposed later stand
   in later slots.
4. A read is answered from the leader's registers once these hold all that was answered before it came: what
   earlier ballots chose (found in phase 1, and applied first), and what this ballot chose (its leader alone
   answers for it). No later ballot can have chosen anything before the read came: a quorum, asked
   after that, had promised none.

Liveness, as far as there can be: timeouts with a random part, and a node that has just promised another's
ballot waits a whole period before it stands itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems import kv
from systems.core import CoreConfig, Effect, Event, Receive, Request, Start, TimerFired
from systems.paxos.messages import (
    Accept,
    Accepted,
    Ballot,
    Chosen,
    Heartbeat,
    Learn,
    Message,
    Obeyed,
    Preempted,
    Prepare,
    Promise,
    Record,
    term_of,
)
from systems.paxos.proposer import Proposer
from systems.paxos.site import Site


class PaxosCore:
    """One node; see `systems.core` for how it is driven. Options: see `systems.paxos.options`."""

    message_type = Message
    record_type = Record
    command_type = kv.Command

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.site = Site(config, records)
        self.proposer = Proposer(self.site)
        self.leader: str | None = None  # the node whose ballot is obeyed, once it has shown to be in phase 2
        self._alive = False  # whether another proposer was heard since this was last looked at
        self._announced: tuple[Ballot, str, str | None] | None = None

    @property
    def role(self) -> str:
        """ "leader", "candidate" or "follower"."""
        if self.proposer.leadership is not None:
            return "leader"
        return "follower" if self.proposer.preparation is None else "candidate"

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        match event:
            case Receive(sender, message):
                self._receive(sender, message)
            case Request(request_id, command):
                self.proposer.request(request_id, command, self.leader)
            case TimerFired("heartbeat"):
                if self.proposer.leadership is not None:
                    self.proposer.leadership.heartbeat()
            case TimerFired():
                self._period_over()
            case Start():
                self._watch()
        self._announce()
        return self.site.take_effects()

    def _announce(self) -> None:
        leads = self.proposer.leadership is not None
        ballot = max(self.site.acceptor.promised, self.proposer.ballot)
        now = (ballot, self.role, self.site.name if leads else self.leader)
        if now != self._announced:
            self._announced = now
            term = term_of(ballot, self.site.members)
            self.site.trace("role", {"term": term, "role": now[1], "leader": now[2]})

    # Elections

    def _watch(self) -> None:
        period = self.site.options.election_ns
        self.site.set_timer("election", period // 2, period)

    def _period_over(self) -> None:
        """Stand for election, if neither another proposer nor an answer to the own one was heard of."""
        self._watch()
        preparation = self.proposer.preparation
        if self.proposer.leadership is not None:
            return
        if self._alive or (preparation is not None and preparation.moved):
            self._alive = False
            if preparation is not None:
                preparation.moved = False
            return
        self.leader = None
        self.proposer.stand()

    def _give_way(self, ballot: Ballot, leader: str | None) -> None:
        """Another's `ballot` is above all so far; `leader`: its node, if it is known to be in phase 2."""
        self._alive = True
        self.leader = leader
        if ballot > self.proposer.ballot:
            self.proposer.yield_to(ballot, leader)

    # Messages

    def _receive(self, sender: str, message: Message) -> None:
        match message:
            case Accept() | Heartbeat():
                self._obey(sender, message)
            case Accepted(ballot) if self.proposer.leadership is not None:
                if ballot == self.proposer.ballot:
                    self.proposer.leadership.accepted(sender, message)
            case Obeyed(ballot) if self.proposer.leadership is not None:
                if ballot == self.proposer.ballot:
                    self.proposer.leadership.obeyed(sender, message)
            case Prepare():
                self._prepare(sender, message)
            case Promise():
                self.proposer.promised(sender, message)
            case Preempted(ballot) if ballot > self.proposer.ballot > (0, ""):
                self._give_way(ballot, None)
            case Learn(first) if first <= self.site.learner.known:
                self.site.send(sender, self.site.learner.tell(first))
            case Chosen():
                self._catch_up(sender, message)

    def _prepare(self, sender: str, message: Prepare) -> None:
        acceptor = self.site.acceptor
        is_news = message.ballot > acceptor.promised
        if not acceptor.promise(message.ballot):
            self.site.send(sender, Preempted(acceptor.promised))
            return
        if is_news:
            self._give_way(message.ballot, None)
        self.site.send(sender, acceptor.report(message))

    def _obey(self, sender: str, message: Accept | Heartbeat) -> None:
        """Take a leader's message: vote or confirm, learn what is chosen."""
        acceptor, learner, ballot = self.site.acceptor, self.site.learner, message.ballot
        if isinstance(message, Accept):
            obeyed = acceptor.accept(ballot, message.first, message.values)
            answer: Message = Accepted(ballot, message.first, len(message.values))
        else:
            obeyed = acceptor.promise(ballot)
            answer = Obeyed(ballot, message.round)
        if not obeyed:
            self.site.send(sender, Preempted(acceptor.promised))
            return
        if ballot == acceptor.promised != self.proposer.ballot:
            self._give_way(ballot, sender)
        self.site.send(sender, answer)
        learner.learn_from_leader(ballot, message.chosen)
        if isinstance(message, Heartbeat) and learner.known < message.chosen:
            self.site.send(sender, Learn(learner.known + 1))

    def _catch_up(self, sender: str, message: Chosen) -> None:
        """Learn what another learner knows; a leader learns from votes only, which its clients wait for."""
        learner = self.site.learner
        if self.proposer.leadership is not None:
            return
        before = learner.known
        for slot, value in enumerate(message.values, message.first):
            learner.learn(slot, value)
        if before < learner.known < message.known:
            self.site.send(sender, Learn(learner.known + 1))
