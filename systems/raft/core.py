"""Raft: elections and the dispatch of events to the role that handles them.

After Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014), and Ongaro's thesis
(2014): randomised timeouts (5.2), the election restriction (5.4.1), commitment (5.4.2), pre-vote (9.6),
check-quorum (6.2), client sessions (6.3), reads by ReadIndex (6.4) or under a lease (6.4.1), snapshots (5),
membership changes of one server at a time (4), leadership transfer (3.10).

Laws:
- At most one leader per term: a vote is written down before it is told, and counted once per voter.
- A node that heard from a leader within the minimum election timeout ignores candidates, so one that was
  cut off cannot disturb the others; a leader that hears no majority for that long steps down. That is a
  promise where reads rely on leases: nothing but time ends it, and a node that was restarted, and may have
  forgotten one, keeps it from its start on. Only an election that the leader itself wants is exempt.
- Majorities are those of the latest configuration in the log. A node outside it stands for no election, but
  answers, votes included: others may have a newer configuration (thesis, section 4.2.2).
- The election timeout has two parts, so that the core needs no clock: `election_ns` during which a leader
  counts as alive (`_leader_alive`), then a random part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from systems import kv
from systems.core import CoreConfig, CoreFactory, Effect, Event, Receive, Request, Start, TimerFired
from systems.machine import REGISTERS, Kind
from systems.raft.leader import Leader
from systems.raft.messages import (
    AppendEntries,
    AppendReply,
    Command,
    InstallSnapshot,
    Message,
    Record,
    SnapshotReply,
    TimeoutNow,
    Vote,
    VoteReply,
    types_of,
)
from systems.raft.replica import Replica

_ANSWERS = (AppendReply, SnapshotReply)


class RaftCore:
    """One Raft node; see `systems.core` for how it is driven. Options: see `systems.raft.options`.

    kind: the state machine that it replicates.
    """

    kind: ClassVar[Kind] = REGISTERS
    message_type, record_type, command_type = types_of(REGISTERS)

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.replica = Replica(config, records, self.kind)
        self.role = "follower"
        self.leader: str | None = None
        self._leadership: Leader | None = None
        self._leader_alive = False
        self._canvass: Vote | None = None  # the votes being asked for, while a candidate
        self._votes: set[str] = set()
        self._denied: set[str] = set()
        self._announced: tuple[int, str, str | None] | None = None

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        self.replica.now_ns = event.now_ns
        # Here and in _receive not by `match`, which takes twice as long, and this is done for every message.
        if isinstance(event, Receive):
            self._receive(event.sender, event.message)
        elif isinstance(event, TimerFired):
            self._timer(event.name)
        elif isinstance(event, Request):
            self._request(event.request_id, event.command)
        elif isinstance(event, Start):
            if self.replica.options.lease_ns:
                self._trust_leader()
            else:
                self._wait_for_leader()
        if self._leadership is not None and self._leadership.is_done:
            self._leadership.name_successor()
            self._follow(self.replica.term, None)
        self._announce()
        return self.replica.take_effects()

    def _announce(self) -> None:
        now = (self.replica.term, self.role, self.leader)
        if now != self._announced:
            self._announced = now
            self.replica.trace("role", {"term": now[0], "role": now[1], "leader": now[2]})

    def _request(self, request_id: int, command: Command) -> None:
        if self._leadership is None:
            self.replica.reply(request_id, kv.NotLeader(self.leader))
        else:
            self._leadership.request(request_id, command)

    def _timer(self, name: str) -> None:
        if name == "election":
            if self._leader_alive:
                self._leader_alive = False
                self.replica.set_timer("election", *self.replica.options.spread_ns)
            elif self.replica.config.name in self.replica.members.current:
                self._ask_for_votes(pre=True)
            else:
                self._follow(self.replica.term, None)
                self._wait_for_leader()
        elif name == "canvass":
            self._canvass_again()
        elif self._leadership is None:
            return
        elif name == "heartbeat":
            self._leadership.heartbeat()
        elif name == "transfer":
            self._leadership.end_transfer()
        elif self._leadership.check_quorum():
            self._watch_quorum()
        else:
            self._follow(self.replica.term, None)

    def _receive(self, sender: str, message: Message) -> None:
        if message.term > self.replica.term and not self._term_is_hypothetical(message):
            if isinstance(message, Vote) and self._hears_a_leader() and not message.forced:
                return
            self._follow(message.term, None)
        if isinstance(message, AppendEntries):
            self._append_entries(sender, message)
        elif isinstance(message, _ANSWERS):
            if self._leadership is not None and message.term == self.replica.term:
                self._leadership.acknowledge(sender, message)
        elif isinstance(message, Vote):
            self._vote(sender, message)
        elif isinstance(message, VoteReply):
            self._count_vote(sender, message)
        elif isinstance(message, InstallSnapshot):
            self._install(sender, message)
        elif isinstance(message, TimeoutNow):
            self._take_over(sender, message.term)

    @staticmethod
    def _term_is_hypothetical(message: Message) -> bool:
        """Whether the message speaks of a term that nobody has entered yet (thesis, section 9.6)."""
        if isinstance(message, VoteReply):
            return message.pre and message.granted
        return isinstance(message, Vote) and message.pre

    def _hears_a_leader(self) -> bool:
        return self._leadership is not None or self._leader_alive

    # Following

    def _follow(self, term: int, leader: str | None) -> None:
        """Be a follower in `term`; a new term forgets the vote."""
        if self._leadership is not None:
            leadership, self._leadership = self._leadership, None
            leadership.resign(leader)
            self.replica.cancel_timer("heartbeat")
            self.replica.cancel_timer("quorum")
            self.replica.cancel_timer("transfer")
            self._wait_for_leader()
        self.role = "follower"
        self.leader = leader
        self._canvass = None
        if term > self.replica.term:
            self.replica.adopt(term, None)

    def _wait_for_leader(self) -> None:
        """Start a whole election timeout, nobody being known to lead."""
        self._leader_alive = False
        base, (low, high) = self.replica.options.election_ns, self.replica.options.spread_ns
        self.replica.set_timer("election", base + low, base + high)

    def _trust_leader(self) -> None:
        """Start a whole election timeout; in its first part a leader counts as alive, known or not."""
        self._leader_alive = True
        base = self.replica.options.election_ns
        self.replica.set_timer("election", base, base)

    def _append_entries(self, sender: str, message: AppendEntries) -> None:
        if self._is_led_by(sender, message):
            self.replica.send(sender, self.replica.accept(message))

    def _install(self, sender: str, message: InstallSnapshot) -> None:
        if self._is_led_by(sender, message):
            self.replica.send(sender, self.replica.install(message))

    def _is_led_by(self, sender: str, message: AppendEntries | InstallSnapshot) -> bool:
        """Follow the sender; a leader of an old term is told so instead."""
        if message.term < self.replica.term:
            refusal = AppendReply(self.replica.term, False, 0, 0, message.round, message.sent_ns)
            self.replica.send(sender, refusal)
            return False
        self._follow(message.term, sender)
        self._trust_leader()
        return True

    def _take_over(self, sender: str, term: int) -> None:
        """Stand for election at the leader's wish (thesis, section 3.10): neither timeout nor pre-vote."""
        replica = self.replica
        is_current = self.leader == sender and self._leadership is None and term == replica.term
        if is_current and replica.config.name in replica.members.current:
            self._ask_for_votes(pre=False, forced=True)

    def _vote(self, sender: str, message: Vote) -> None:
        replica = self.replica
        if message.pre:
            granted = message.term > replica.term and not self._hears_a_leader()
        else:
            free = replica.vote in (None, sender) or replica.options.bug == "vote-twice"
            # A promise to a leader outlives the term it was given in.
            promised = replica.options.lease_ns > 0 and self._hears_a_leader() and not message.forced
            granted = message.term == replica.term and free and not promised
        granted = granted and replica.is_up_to_date(message.last_index, message.last_term)
        if granted and not message.pre:
            self._follow(replica.term, None)
            replica.adopt(replica.term, sender)
            self._wait_for_leader()
        term = message.term if granted else replica.term
        replica.send(sender, VoteReply(term, granted, message.pre))

    # Standing for election

    def _ask_for_votes(self, *, pre: bool, forced: bool = False) -> None:
        """Canvass: first whether votes would be granted (pre), then for votes in a new term."""
        replica = self.replica
        self._follow(replica.term, None)
        self.role = "candidate"
        term = replica.term + 1
        if not pre:
            replica.adopt(term, replica.config.name)
        self._canvass = Vote(term, replica.log.last_index, replica.log.last_term, pre, forced)
        self._votes, self._denied = {replica.config.name}, set()
        self._wait_for_leader()
        self._canvass_again()
        self._check_votes()

    def _canvass_again(self) -> None:
        """Ask those who have not answered: lost messages are sent again, without end (5.5)."""
        if self._canvass is None:
            return
        replica = self.replica
        for peer in replica.members.current:
            if peer not in self._votes and peer not in self._denied:
                replica.send(peer, self._canvass)
        replica.set_timer("canvass", replica.options.heartbeat_ns, replica.options.heartbeat_ns)

    def _count_vote(self, sender: str, reply: VoteReply) -> None:
        canvass = self._canvass
        if canvass is None or reply.pre != canvass.pre:
            return
        if not reply.granted:
            self._denied.add(sender)
        elif reply.term == canvass.term:
            self._votes.add(sender)
            self._check_votes()

    def _check_votes(self) -> None:
        members = self.replica.members
        if self._canvass is None or len(self._votes.intersection(members.current)) < members.majority:
            return
        if self._canvass.pre:
            self._ask_for_votes(pre=False)
        else:
            self._lead()

    # Leading

    def _lead(self) -> None:
        self.role = "leader"
        self.leader = self.replica.config.name
        self._canvass = None
        self.replica.cancel_timer("election")
        self._leadership = Leader(self.replica)
        self._leadership.start()
        self._watch_quorum()

    def _watch_quorum(self) -> None:
        base = self.replica.options.election_ns
        self.replica.set_timer("quorum", base, base)


def replicating(machine: Kind) -> CoreFactory:
    """Raft over another state machine than registers."""

    class Replicating(RaftCore):
        kind = machine
        message_type, record_type, command_type = types_of(machine)

    return Replicating
