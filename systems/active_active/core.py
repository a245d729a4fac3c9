"""Active-active: every node takes reads and writes of all objects, answers when its own disk has them, and
tells the others afterwards. Convergent, not linearizable.

How it works: a change becomes an update in the node's own log, which goes to each peer in order and is sent
again until the peer has it on its own disk. Updates of different nodes commute
(`systems.active_active.replica`), so nodes that know the same updates hold the same.

Laws:
- An answer to a client, a push and an acknowledgement stand behind the record of what they tell of. So
  nothing acknowledged is lost by a crash, and a number or a timestamp that a crash has undone was seen by
  nobody and may be given again.
- Whatever timestamp was given or taken in is in a record; the clock of a new incarnation starts above all of
  them, whatever the time of day has become.
- A peer's updates are taken in order, each once: what is known is skipped, what comes behind a gap is left
  to come again.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems import kv
from systems.active_active.clock import HybridClock
from systems.active_active.messages import (
    Ack,
    Added,
    Command,
    Counted,
    CounterAdd,
    CounterRead,
    Message,
    Push,
    Put,
    Record,
    RegisterRead,
    RegisterWrite,
    Removed,
    SetAdd,
    SetRead,
    SetRemove,
    Snapshot,
    Stored,
    Update,
)
from systems.active_active.outgoing import Outgoing
from systems.active_active.replica import Replica
from systems.core import (
    MILLISECOND_NS,
    CoreConfig,
    Effect,
    Event,
    Outbox,
    Receive,
    Request,
    Start,
    TimerFired,
)


class ActiveActiveCore:
    """One node. Options: resend_ms (200), snapshot_every (1000), bug ("")."""

    message_type = Message
    record_type = Record
    command_type = Command

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.name = config.name
        self.peers = config.peers
        self._bug = config.options.get("bug", "")
        self._resend_ns = int(config.options.get("resend_ms", "200")) * MILLISECOND_NS
        self._snapshot_every = int(config.options.get("snapshot_every", "1000"))
        self.clock = HybridClock()
        self.replica = Replica(self._bug)
        self.outgoing = Outgoing(config.peers)
        self.outbox = Outbox()
        self._records = len(records)
        self._late: list[Stored] = []
        for record in records:
            self._restore(record)
        if self._bug == "restart-forgets":
            self.outgoing.take_as_acked(self.outgoing.last)

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        match event:
            case Request(request_id, command, _, wall_ns):
                self._request(request_id, command, wall_ns)
            case Receive(sender, Push() as push):
                self._take(sender, push)
            case Receive(sender, Ack(upto)):
                if self.outgoing.ack(sender, upto):
                    self._push(sender, self.outgoing.fresh(sender))
            case TimerFired() | Start():
                self._resend()
        if self._records >= self._snapshot_every:
            self._compact()
        return self.outbox.take_effects()

    # Clients

    def _request(self, request_id: int, command: Command, wall_ns: int) -> None:
        match command:
            case RegisterRead(key):
                held = self.replica.register(key)
                self.outbox.reply(request_id, kv.Ok([held.value, *held.at]))
            case SetRead(key):
                self.outbox.reply(request_id, kv.Ok(self.replica.elements(key)))
            case CounterRead(key):
                self.outbox.reply(request_id, kv.Ok(self.replica.count(key)))
            case RegisterWrite(key, value, seen_wall, seen_counter):
                self._hear((seen_wall, seen_counter))
                wall, counter = self.clock.stamp(wall_ns)
                if self._bug == "clock-back":
                    wall, counter = wall_ns, 0
                answer = kv.Ok([wall, counter, self.name])
                self._change(request_id, Put(key, value, wall, counter), answer)
            case SetAdd(key, element):
                self._change(request_id, Added(key, element), kv.Ok())
            case SetRemove(key, element):
                dots = self.replica.dots(key, element)
                if dots:
                    self._change(request_id, Removed(key, element, dots), kv.Ok(True))
                else:
                    self.outbox.reply(request_id, kv.Ok(False))
            case CounterAdd(key, amount):
                up, down = self.replica.totals(key, self.name)
                totals = Counted(key, up + max(amount, 0), down + max(-amount, 0))
                self._change(request_id, totals, kv.Ok())

    def _change(self, request_id: int, update: Update, answer: kv.Ok) -> None:
        """Do `update` here, answer, and tell everybody."""
        sequence = self.outgoing.append(update)
        self.replica.take(self.name, sequence, update)
        self._persist(Stored(self.name, sequence, (update,)), late=self._bug == "ack-before-disk")
        self.outbox.reply(request_id, answer)
        for peer in self.peers:
            self._push(peer, self.outgoing.newest(peer))

    # Peers

    def _take(self, origin: str, push: Push) -> None:
        known = self.replica.received.get(origin, 0)
        first = min(push.first, known + 1) if self._bug == "redelivered" else known + 1
        # What comes behind a gap is left: the answer says from where on to send again.
        updates = push.updates[first - push.first :] if push.first <= first else ()
        self._learn(origin, first, updates)
        if updates:
            self._persist(Stored(origin, first, updates), late=self._bug == "ack-unwritten")
        self.outbox.send(origin, Ack(self.replica.received.get(origin, 0)))

    def _learn(self, origin: str, first: int, updates: Sequence[Update]) -> None:
        """Take in the updates of `origin` from number `first` on."""
        for sequence, update in enumerate(updates, first):
            if isinstance(update, Put):
                self._hear((update.wall, update.counter))
            self.replica.take(origin, sequence, update)

    def _hear(self, seen: tuple[int, int]) -> None:
        """Another's timestamp, which those given from now on have to be above."""
        if self._bug != "clock-deaf":
            self.clock.observe(seen)

    def _resend(self) -> None:
        """Send what was not acknowledged, and look again after a while."""
        late, self._late = self._late, []
        for record in late:
            self._persist(record)
        self.outbox.set_timer("resend", self._resend_ns * 3 // 4, self._resend_ns)
        if self._bug == "no-retransmit":
            return
        for peer in self.peers:
            self._push(peer, self.outgoing.resend(peer))

    def _push(self, peer: str, push: Push | None) -> None:
        if push is not None:
            self.outbox.send(peer, push)

    # Disk

    def _persist(self, record: Stored, *, late: bool = False) -> None:
        """Write `record` down; late, which only bugs are: when the timer fires."""
        if late:
            self._late.append(record)
        else:
            self._records += 1
            self.outbox.persist(record)

    def _compact(self) -> None:
        """Let a snapshot take the place of all records."""
        replica, outgoing = self.replica, self.outgoing
        untold = () if self._bug == "snapshot-forgets" else tuple(outgoing.log)
        snapshot = Snapshot(
            self.clock.reading,
            dict(replica.received),
            dict(replica.registers),
            replica.tagged(),
            tuple(sorted(replica.early)),
            {key: dict(totals) for key, totals in replica.counters.items()},
            outgoing.last - len(untold),
            untold,
        )
        self._records = 1
        self._late.clear()
        self.outbox.compact([snapshot])

    def _restore(self, record: Record) -> None:
        match record:
            case Stored(origin, first, updates):
                self._learn(origin, first, updates)
                if origin == self.name:
                    for update in updates:
                        self.outgoing.append(update)
            case Snapshot():
                self._load(record)

    def _load(self, snapshot: Snapshot) -> None:
        replica = self.replica
        self.clock.observe(snapshot.clock)
        replica.received = dict(snapshot.received)
        replica.registers = dict(snapshot.registers)
        replica.restore_sets(snapshot.sets)
        replica.early = set(snapshot.early)
        replica.counters = {key: dict(totals) for key, totals in snapshot.counters.items()}
        self.outgoing.load(snapshot.acknowledged, snapshot.log)
