"""Mode quorum: multi-writer registers that a majority emulates, with any peer coordinating.

After Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems" (1995); with many
writers after Lynch and Shvartsman, "Robust Emulation of Shared Memory" (1997): a write asks a majority for
its tags, then stores its value under a higher one at a majority; a read asks a majority for its copies, then
stores the newest at a majority before it answers.

Why it is linearizable: order operations by tag, a write before the reads of its tag.
1. Tags are unique. One incarnation of a coordinator gives a number above that of its own copy and takes the
   copy over in the same step, so it never gives a number twice for one key; incarnations differ in `boot`,
   which is on the disk before anything is sent; nodes differ in name.
2. When an operation has answered, a majority has its tag, or a higher one, on its disks; it still has after
   restarts. Whatever begins later asks a majority, meets one of those replicas, and so takes a tag that is at
   least as high if it is a read, and higher if it is a write. So the order by tag keeps that of real time.
3. A read may leave out the second phase if all replicas that it asked had the same tag: then a majority has
   it already, which is all that the phase would bring about.
4. A write whose coordinator gave up, or crashed, has stored its tag at some replicas or none. It may be read,
   and is then brought to a majority by that reader first; or never.

A delete cannot be had this way: what it removed would have to be read and removed at one moment, which needs
consensus (a register has consensus number 1: Herlihy 1991).
"""

from __future__ import annotations

from collections.abc import Sequence

from systems import kv
from systems.core import CoreConfig, Effect, Event, Receive, Request, Start, TimerFired
from systems.p2p.messages import Copy, Have, Query, Record, Round, Store, Stored, Tag
from systems.p2p.options import Options
from systems.p2p.replica import Replica

_STORE_PATIENCE = 4  # times as long as for a question: what was begun is better finished


class Operation:
    """A client's operation. copy: the newest one heard of; what is stored, once `storing`. answered: who
    answered in the round under way, with the tag it had.
    """

    __slots__ = ("answered", "command", "copy", "deadline_ns", "request_id", "storing")

    def __init__(self, request_id: int, command: kv.Read | kv.Write, deadline_ns: int) -> None:
        self.request_id = request_id
        self.command = command
        self.deadline_ns = deadline_ns
        self.copy = Copy()
        self.answered: dict[str, Tag] = {}
        self.storing = False

    def hear(self, node: str, copy: Copy) -> None:
        """`node` has this copy."""
        self.answered[node] = copy.tag
        if copy.tag > self.copy.tag:
            self.copy = copy

    @property
    def agreed(self) -> bool:
        """Whether everyone who answered has the same tag."""
        return all(tag == self.copy.tag for tag in self.answered.values())


class QuorumCore:
    """One peer in mode quorum: a replica, and the coordinator of what its clients ask."""

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.config = config
        self._options = Options.of(config)
        self._bug = self._options.bug
        self.replica = Replica(records, bug=self._bug)
        self.outbox = self.replica.outbox
        self._quorum = len(config.members) // 2 if self._bug == "quorums-apart" else config.majority
        at = config.members.index(config.name)
        self._order = [*config.members[at + 1 :], *config.members[:at]]  # of peers: whom to ask first
        self._rounds = 0
        self._operations: dict[int, Operation] = {}  # by the number of the round under way
        self._ticking = False

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        match event:
            case Receive(sender, Query() | Store() as message):
                self.replica.answer(sender, message)
            case Receive(sender, Have(round_, copy)):
                self._told(round_, sender, copy)
            case Receive(sender, Stored(round_)):
                self._told(round_, sender, None)
            case Request(request_id, kv.Read() | kv.Write() as command):
                self._ask(Operation(request_id, command, event.now_ns + self._options.patience_ns))
            case Request(request_id, _):
                reason = "there is no delete in mode quorum; run with -o mode=gossip"
                self.outbox.reply(request_id, kv.Refused(reason))
            case TimerFired("resend"):
                self._resend(event.now_ns)
            case TimerFired("flush"):
                self.replica.flush()
            case Start():
                self.replica.begin()
        return self.outbox.take_effects()

    # Rounds

    def _open(self, operation: Operation) -> int:
        """Begin a round of `operation`; its number. As many are asked as are needed, all of them only when
        one of those has not answered in time: this halves the messages (the "thrifty" way of Paxos).
        """
        self._rounds += 1
        self._operations[self._rounds] = operation
        operation.answered = {}
        if not self._ticking:
            self._tick()
        for peer in self._order[: self._needed(operation) - 1]:
            self._put(peer, self._rounds, operation)
        return self._rounds

    def _put(self, peer: str, number: int, operation: Operation) -> None:
        round_, key = Round(self.replica.boot, number), operation.command.key
        question = Store(round_, key, operation.copy) if operation.storing else Query(round_, key)
        self.outbox.send(peer, question)

    def _tick(self) -> None:
        self._ticking = bool(self._operations)
        if self._ticking:
            self.outbox.set_timer("resend", self._options.resend_ns, self._options.resend_ns)

    def _told(self, round_: Round, sender: str, copy: Copy | None) -> None:
        """Take an answer, if it is to a question of this incarnation that is still open."""
        operation = self._operations.get(round_.number)
        if operation is None or round_.boot != self.replica.boot:
            return
        if copy is not None:
            operation.hear(sender, copy)
        else:
            operation.answered[sender] = operation.copy.tag
        self._go_on(round_.number, operation)

    def _resend(self, now_ns: int) -> None:
        """Ask those again who have not answered; give up what has waited too long."""
        for number, operation in tuple(self._operations.items()):
            if now_ns >= operation.deadline_ns:
                self._give_up(number, operation)
                continue
            for peer in self.config.peers:
                if peer not in operation.answered:
                    self._put(peer, number, operation)
        self._tick()

    def _give_up(self, number: int, operation: Operation) -> None:
        del self._operations[number]
        reason = "no majority answered in time"
        written = operation.storing and isinstance(operation.command, kv.Write)
        self.outbox.reply(operation.request_id, (kv.Uncertain if written else kv.Refused)(reason))

    # Phases

    def _ask(self, operation: Operation) -> None:
        """First phase: what does a majority have?"""
        number = self._open(operation)
        operation.hear(self.config.name, self.replica.copy(operation.command.key))
        self._go_on(number, operation)

    def _go_on(self, number: int, operation: Operation) -> None:
        """End the round if enough have answered."""
        if len(operation.answered) < self._needed(operation):
            return
        del self._operations[number]
        self._order.sort(key=lambda peer: peer not in operation.answered)  # one that is down is asked last
        if operation.storing:
            self._answer(operation)
        elif isinstance(operation.command, kv.Write):
            operation.copy = Copy(self._next_tag(operation), operation.command.value)
            self._store(operation)
        elif operation.agreed or self._bug == "no-write-back":
            self._answer(operation)
        else:
            self._store(operation)

    def _needed(self, operation: Operation) -> int:
        is_read = isinstance(operation.command, kv.Read)
        if self._bug == "read-one" and is_read:
            return 1
        if self._bug == "write-unasked" and not is_read and not operation.storing:
            return 1
        return self._quorum

    def _next_tag(self, operation: Operation) -> Tag:
        """A tag above all that were heard of, and above every one that this incarnation gave for the key."""
        own = self.replica.copy(operation.command.key).tag
        number = max(operation.copy.tag.number, own.number) + 1
        if self._bug == "tag-without-node":
            return Tag(number)
        return Tag(number, self.config.name, 0 if self._bug == "tag-reused" else self.replica.boot)

    def _store(self, operation: Operation) -> None:
        """Second phase: let a majority have the copy. The own disk works while the others' do."""
        operation.storing = True
        operation.deadline_ns += (_STORE_PATIENCE - 1) * self._options.patience_ns
        number = self._open(operation)
        self.replica.store(operation.command.key, operation.copy)
        operation.answered[self.config.name] = operation.copy.tag
        self._go_on(number, operation)

    def _answer(self, operation: Operation) -> None:
        is_read = isinstance(operation.command, kv.Read)
        self.outbox.reply(operation.request_id, kv.Ok(operation.copy.value if is_read else None))
