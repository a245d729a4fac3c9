"""Primary-backup in mode chain: chain replication, with epochs granted by a majority in place of the master.

How it works (van Renesse and Schneider 2004, "Chain Replication for Supporting High Throughput and
Availability"): changes enter at the head, go down the chain node by node, each writing them down before it
hands them on, and are answered by the head once the tail has them. Reads are answered by the tail. Whoever is
granted an epoch by a majority is its head and proposes its chain, one chain per epoch, of nodes that granted
it: every change of the chain, for a node that failed or one that is back, takes a new epoch.

Why it is linearizable:
1. One chain per epoch. An epoch has one head, in one incarnation (`systems.primary_backup.epochs`), and that
   proposes once. So whoever is told of a chain of an epoch is told of the same.
2. The update propagation invariant (section 3.1): in epoch e the log of each node of the chain, once it ends
   in an entry of e, is a prefix of its predecessor's. Entries of e enter at the head, behind a barrier that is
   the first of them; a node takes an entry only where the one before it agrees, so the barrier brings all that
   the head inherited; and a node hands on nothing before it has the barrier, so it hands on only what is the
   head's. Hence what the tail has of e, every node of the chain has written down under e: it is committed.
   That is so whatever the tail forgot in a crash: the log alone tells.
3. What is committed survives. The chain is a majority of all nodes; so of those who grant a later epoch one is
   of the chain, and it had the entry before it left e. It grants only to logs at least as new; by induction
   over epochs, as in `systems.primary_backup.sync_core` (2), every later head has the entry.
4. Reads. The tail of e answers from its log once the barrier of e is there, and after a majority confirmed, in
   a round begun after the read arrived, that it still stands in e. A change or read that was answered before,
   in e, was answered from what this tail had; in an earlier epoch, from entries that the head inherited by 3.
   Nothing was answered in a later epoch: that takes a tail with the later barrier, so a majority that had
   left e, and it would share a node with the majority that confirmed. So a tail that was dropped answers
   nothing, and no clock is relied upon.
5. Each change is one entry; its linearization point is its arrival at the tail.

Laws: the head keeps its open changes while it bids for another epoch, since they stay in its log; it answers
them `Uncertain` when another rules. A node hands on, or answers reads, only in an epoch whose chain it was told
in this incarnation; the rounds of two incarnations never share a number, since their count is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from systems import kv
from systems.core import CoreConfig, Effect, Event, Start
from systems.primary_backup.chain_head import Finding, Head
from systems.primary_backup.epochs import EpochCore
from systems.primary_backup.feed import Feed
from systems.primary_backup.messages import (
    Arrived,
    Barrier,
    Configure,
    Confirm,
    Confirmed,
    Entry,
    Message,
    Present,
    Record,
    Replicate,
    Started,
    Stored,
)
from systems.primary_backup.rounds import Rounds


class ChainCore(EpochCore):
    """One node in mode chain. chain: that of the present epoch, empty while unknown."""

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        super().__init__(config, records)
        self.chain: tuple[str, ...] = ()
        self.rule: Head | None = None
        self._name = config.name
        self._behind: str | None = None  # the next in the chain
        self._feed: Feed | None = None  # to that one, once there is something to hand on
        self._pending: dict[int, int] = {}  # place in the log (1, 2, ...) -> request id
        self._doubted: set[str] = set()
        self._rounds = Rounds(config, first=(self.replica.incarnation + 1) << 32)

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        if isinstance(event, Start):
            self.replica.persist(Started(self.replica.incarnation + 1))
        return super().step(event)

    @property
    def is_tail(self) -> bool:
        """Whether this node answers reads, as far as it knows."""
        return self.chain[-1:] == (self._name,)

    @property
    def has_barrier(self) -> bool:
        """Whether the log is the head's, as far as it goes."""
        return self.replica.last_epoch == self.replica.epoch

    # Clients

    def _request(self, request_id: int, command: Any) -> None:
        replica = self.replica
        if self.kind.is_read(command):
            if self.is_tail:
                self._rounds.add(request_id, command)
                self._serve_reads()
            else:
                replica.reply(request_id, kv.NotLeader(self.chain[-1] if self.chain else None))
        elif self.rule is None:
            replica.reply(request_id, kv.NotLeader(self.primary))
        else:
            self._append(command)
            if replica.bug == "answer-at-head":
                replica.reply(request_id, replica.foresee())
            else:
                self._pending[len(replica.log)] = request_id
            self._go_on()

    def _serve_reads(self) -> None:
        """Answer what is confirmed, start the next round; a cluster of one confirms its rounds itself."""
        replica = self.replica
        while self.is_tail and (self.has_barrier or replica.bug == "unready-tail"):
            ready = self._rounds.clear() if replica.bug == "old-tail-reads" else self._rounds.take()
            for request_id, command in ready:
                replica.reply(request_id, replica.store.apply(command))
            if not self._rounds.begin():
                return
            self._ask_round()

    def _ask_round(self) -> None:
        for peer in self.replica.config.peers:
            self.replica.send(peer, Confirm(self.replica.epoch, self._rounds.number))

    # The chain

    def _hear(self, sender: str, message: Message) -> None:
        replica, is_old = self.replica, message.epoch < self.replica.epoch
        match message:
            case Configure(_, chain):
                self._configure(sender, chain, is_old)
            case Replicate():
                answer = Stored(replica.epoch, False, 0, 0) if is_old else replica.accept(message)
                replica.send(sender, answer)
                if not is_old:
                    self._go_on()
            case Confirm(_, number):
                replica.send(sender, Confirmed(replica.epoch, number))
            case _ if is_old:
                pass
            case Stored() if self._feed is not None and sender == self._feed.peer:
                self._feed.stored(message)
                self._feed.pump()
            case Arrived(_, length):
                self._commit(length)
            case Present() if self.rule is not None:
                self.rule.present(sender, message)
            case Confirmed(_, number):
                self._rounds.confirm(sender, number)
                self._serve_reads()

    def _configure(self, sender: str, chain: tuple[str, ...], is_old: bool) -> None:
        """Take one's place in the chain of this epoch, and every sign of life of its head."""
        replica = self.replica
        if not is_old:
            if chain != self.chain:
                self._obey(replica.epoch, sender)
                self._take_place(chain)
            self._hear_primary()
            if self._feed is not None:
                self._feed.send()
            if self.is_tail and self._rounds.is_open():
                self._ask_round()
            self._go_on()
        length = len(replica.log) if self.has_barrier and not is_old else 0
        replica.send(sender, Present(replica.epoch, length))

    def _take_place(self, chain: tuple[str, ...]) -> None:
        self.chain = chain
        behind = chain[chain.index(self._name) + 1 :] if self._name in chain else ()
        self._behind = behind[0] if behind else None

    def _go_on(self) -> None:
        """Hand on what is new; at the tail, commit it and tell the head."""
        if not self.has_barrier:
            return
        if self._behind is not None:
            if self._feed is None:
                self._feed = Feed(self.replica, self._behind, len(self.replica.log) - 1)
            self._feed.pump()
        if self.is_tail:
            self._commit(len(self.replica.log))
            if self.rule is None and self.primary is not None:
                self.replica.send(self.primary, Arrived(self.replica.epoch, self.replica.committed))
        self._serve_reads()

    def _commit(self, length: int) -> None:
        for place, result in self.replica.commit(length):
            if place in self._pending:
                self.replica.reply(self._pending.pop(place), result)

    # The head

    def _won(self) -> None:
        self.rule = Head(self.replica, self._doubted)
        self._append(Barrier())
        gather = self.replica.timing.heartbeat_ns
        self.replica.set_timer("heartbeat", gather, gather)
        self._set_watch()

    def _granted(self, voter: str) -> None:
        """The chain waits for every grant that can be hoped for, but not beyond the first heartbeat."""
        super()._granted(voter)
        if self._grants.issuperset(set(self.replica.config.members) - self._doubted):
            self._propose()

    def _propose(self) -> None:
        if self.rule is not None and not self.rule.chain:
            self.rule.propose(self._grants)
            self._take_place(self.rule.chain)
            self._beat()
            self._go_on()

    def _beat(self) -> None:
        for peer in self.replica.config.peers:
            self.replica.send(peer, Configure(self.replica.epoch, self.chain))
        if self._feed is not None:
            self._feed.send()
        beat = self.replica.timing.heartbeat_ns
        self.replica.set_timer("heartbeat", beat, beat)

    def _ruling(self, timer: str) -> None:
        if self.rule is None:
            return
        if timer == "heartbeat" and not self.rule.chain:
            self._propose()
        elif timer == "heartbeat":
            self._beat()
        else:
            self._watch(self.rule)

    def _watch(self, rule: Head) -> None:
        finding = rule.watch()
        if finding is Finding.RESIGN:
            self._obey(self.replica.epoch, None)
        elif finding is Finding.CHANGE:
            self._doubted = set(rule.doubted)
            self._bid()
        else:
            self._set_watch()

    def _set_watch(self) -> None:
        half = self.replica.timing.takeover_ns // 2
        self.replica.set_timer("watch", half, half)

    def _append(self, operation: Any) -> None:
        self.replica.append(len(self.replica.log), (Entry(self.replica.epoch, operation),))

    # Leaving an epoch

    def _obey(self, epoch: int, primary: str | None) -> None:
        super()._obey(epoch, primary)
        self._doubted = set()
        for request_id in self._pending.values():
            self.replica.reply(request_id, kv.Uncertain("head deposed before the change was at the tail"))
        self._pending.clear()

    def _step_aside(self, hint: str | None) -> None:
        self.rule, self.chain, self._behind, self._feed = None, (), None, None
        for request_id, _ in self._rounds.clear():
            self.replica.reply(request_id, kv.NotLeader(None))
