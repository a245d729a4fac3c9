"""A whole cluster in one thread, from one seed: the simulating shell.

Virtual time is a heap of actions. The network delays, loses, doubles and reorders messages and honours
directed cuts; a disk takes its time; nodes crash (keeping what they persisted and nothing else), restart,
pause and resume; their clocks are off, drift and jump.

Laws:
- Deterministic: the same factory, members, seed, options, network and calls give the same trace, byte for
  byte. Every random choice comes from a stream named after its use; nothing depends on the order of a set or
  on a hash.
- A node works as under `systems.shells.node`: it takes every event that waits, steps the core through them
  and performs the effects of the whole batch in order; what stands behind the first record waits until all
  the batch's records are on the disk, and no event is taken meanwhile. A crash in that time leaves a
  beginning of the records (the last write may be torn), and nothing behind them happens.
- `crash_in_step` cuts the list of the node's next batch at a random place: what stands before was done, what
  stands behind never is.
- Between nodes a message may be lost or doubled; a client's connection only delays and breaks (as TCP does),
  and a request to a node that is down is refused, which the client learns for certain.

The ideas are those of tigerbeetle's `vopr` and of turmoil. This module belongs to no node program.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from systems.core import (
    CancelTimer,
    Compact,
    Core,
    CoreConfig,
    CoreFactory,
    Effect,
    Event,
    Persist,
    Receive,
    Reply,
    Request,
    Send,
    SetTimer,
    Start,
    TimerFired,
    Trace,
)
from systems.logic import Unreached
from systems.shells.sim_parts import Disk, Due, Network, SimNode, Waiting

DURABLE = (Persist, Compact)
CLIENTS = "clients"  # the end of a link where all clients are
Observer = Callable[[str, Core, Sequence[Effect]], None]


class Simulation:
    """A cluster of `members`, all started at time 0.

    `now` is virtual time in ns. `network` and `disk` may be exchanged at any time. `trace` has one (time,
    node, what) per event and role change; `roles` the role changes. `dropped`: how many messages cuts have
    swallowed, by link. `observer` is called after every batch with the node's name, its core and the effects
    that were performed.
    """

    def __init__(
        self,
        factory: CoreFactory,
        members: Sequence[str],
        seed: int,
        options: Mapping[str, str] | None = None,
        network: Network | None = None,
        observer: Observer | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.now = 0
        self.trace: list[tuple[int, str, Any]] = []
        self.roles: list[tuple[int, str, Mapping[str, Any]]] = []
        self.members = tuple(members)
        self.options = dict(options or {})
        self.network = network or Network()
        self.disk = disk or Disk()
        self.dropped: Counter[tuple[str, str]] = Counter()
        self._factory = factory
        self._observer = observer
        self._stream = Random(f"{seed}/network")
        self._disks = Random(f"{seed}/disks")
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._cuts: frozenset[tuple[str, str]] = frozenset()
        self._waiting: dict[int, Callable[[Any], None]] = {}
        self._nodes = {
            name: SimNode(CoreConfig(name, self.members, self.options), Random(f"{seed}/timers/{name}"))
            for name in self.members
        }
        for name in self.members:
            self.at(0, self.restart, name)

    # Time

    def at(self, ns: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` at time `ns`; those of the same time in the order in which they were given."""
        self._count += 1
        heapq.heappush(self._heap, (max(ns, self.now), self._count, action, args))

    def after(self, delay_ns: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` in `delay_ns`."""
        self.at(self.now + delay_ns, action, *args)

    def run_until(self, ns: int) -> None:
        """Do everything due up to and including `ns`."""
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= ns:
            self.now, _, action, args = pop(heap)
            action(*args)
        self.now = ns

    def end(self) -> None:
        """Let nothing happen any more. What was still to happen refers to this simulation; without it the
        whole is freed as soon as nobody refers to it.
        """
        self._heap.clear()
        self._waiting.clear()
        for node in self._nodes.values():
            node.frozen = None

    # Faults

    def partition(self, links: Iterable[tuple[str, str]]) -> None:
        """Cut these directed links (source, target), and no others; packets on their way are lost too."""
        self._cuts = frozenset(links)
        self._note("network", ("cut", sorted(self._cuts)))

    def heal(self) -> None:
        """Cut nothing, resume the paused, restart those that are down, set all clocks right."""
        self.partition(())
        for name, node in self._nodes.items():
            node.crash_in_step = False
            self.set_clock(name)
            self.resume(name)
            if node.core is None:
                self.restart(name)

    def crash(self, name: str) -> None:
        """Kill -9: everything but the records is gone; of a write under way a beginning has reached the
        disk.
        """
        node = self._nodes[name]
        self._note(name, "crash")
        if node.writing:
            written = self._disks.randint(0, len(node.writing))
            for effect in node.writing[:written]:
                self._store(node, effect)
        node.down()

    def crash_in_step(self, name: str) -> None:
        """Kill the node somewhere among the effects of its next batch."""
        self._nodes[name].crash_in_step = True

    def restart(self, name: str) -> None:
        """Build the core anew from its records; nothing if it runs."""
        node = self._nodes[name]
        if node.core is None:
            node.core = self._factory(node.config, tuple(node.records))
            self._arrive(name, Start(*node.clock.read(self.now)))

    def pause(self, name: str) -> None:
        """Stop the node where it stands; what happens to it waits in order."""
        self._note(name, "pause")
        self._nodes[name].paused = self._nodes[name].core is not None

    def resume(self, name: str) -> None:
        """Let a paused node go on with what waited."""
        node = self._nodes[name]
        if node.paused:
            self._note(name, "resume")
            node.paused = False
            frozen, node.frozen = node.frozen, None
            if frozen is not None:
                frozen()
            self._work(name)

    def set_clock(self, name: str, rate: float = 1.0, jump_ns: int = 0) -> None:
        """From now on the node's clocks run at `rate`, and its wall clock is off by `jump_ns`."""
        if (rate, jump_ns) != self._nodes[name].clock.setting:
            self._note(name, ("clock", rate, jump_ns))
            self._nodes[name].clock.set(self.now, rate, jump_ns)

    def leader(self) -> str | None:
        """Who leads in the highest term or epoch seen so far."""
        leading = [(f["term"], n) for _, n, f in self.roles if f["role"] in ("leader", "primary")]
        return max(leading, key=lambda pair: pair[0])[1] if leading else None

    def core(self, name: str) -> Core | None:
        """The node's core, None while it is down."""
        return self._nodes[name].core

    def trace_text(self) -> str:
        """The trace, one line per entry."""
        return "".join(f"{ns} {who} {what}\n" for ns, who, what in self.trace)

    # Clients

    def request(self, node: str, command: Any, on_result: Callable[[Any], None]) -> None:
        """Send a client's `command` to `node`; `on_result` gets the result or `Unreached`, at most once."""
        self._count += 1
        request_id = self._count
        self._waiting[request_id] = on_result
        self._carry(CLIENTS, node, self._take_request, node, request_id, command)

    def _take_request(self, name: str, request_id: int, command: Any) -> None:
        node = self._nodes[name]
        if node.core is None:
            self._answer(name, request_id, Unreached(f"cannot connect to {name}"))
        else:
            self._arrive(name, Request(request_id, command, *node.clock.read(self.now)))

    def _answer(self, name: str, request_id: int, result: Any) -> None:
        on_result = self._waiting.pop(request_id)
        self._carry(name, CLIENTS, on_result, result)

    # Messages

    def _carry(self, source: str, target: str, arrive: Callable[..., None], *args: Any) -> None:
        """Take a message over a link: one delay, and nothing arrives if the link is cut now or then."""
        if (source, target) in self._cuts:
            self.dropped[source, target] += 1
            return
        network, chance = self.network, self._stream.random
        low, high = network.delay_ns
        if chance() < network.slow:
            high = network.slow_ns
        delay = low + int(chance() * (high - low + 1))
        self.at(self.now + delay, self._travelled, source, target, arrive, args)

    def _travelled(
        self, source: str, target: str, arrive: Callable[..., None], args: tuple[Any, ...]
    ) -> None:
        if (source, target) in self._cuts:
            self.dropped[source, target] += 1
        else:
            arrive(*args)

    def _send(self, source: str, target: str, message: Any) -> None:
        if self._stream.random() < self.network.loss:
            return
        message = self._over_wire(message, self._factory.message_type)
        copies = 2 if self._stream.random() < self.network.duplicate else 1
        for _ in range(copies):
            self._carry(source, target, self._receive, target, source, message)

    def _receive(self, name: str, sender: str, message: Any) -> None:
        node = self._nodes[name]
        if node.core is not None:
            self._arrive(name, Receive(sender, message, *node.clock.read(self.now)))

    def _over_wire(self, value: Any, kind: Any) -> Any:
        if not self.network.wire:
            return value
        return msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind)

    # Steps

    def _arrive(self, name: str, event: Waiting) -> None:
        self._nodes[name].inbox.append(event)
        self._work(name)

    def _work(self, name: str) -> None:
        """Take what waits, unless the node is paused or waits for its disk."""
        node = self._nodes[name]
        while node.inbox and node.core is not None and not node.paused and not node.writing:
            batch, node.inbox = node.inbox, []
            effects = self._step(name, node, batch)
            if node.crash_in_step:
                effects = effects[: self._stream.randint(0, len(effects))]
                self._emit(name, node, effects)
                self._finish(name, node.core, effects)
                self.crash(name)
                return
            self._perform(name, node, effects)

    def _step(self, name: str, node: SimNode, batch: Sequence[Waiting]) -> list[Effect]:
        """Step the core through `batch`; its effects in order, timers already taken out."""
        effects: list[Effect] = []
        core, timers = node.core, node.timers
        assert core is not None
        for waiting in batch:
            event: Event
            if isinstance(waiting, Due):
                if timers.get(waiting.timer) != waiting.setting:
                    continue  # replaced or cancelled meanwhile
                del timers[waiting.timer]
                draw = node.stream.getrandbits(32)
                event = TimerFired(waiting.timer, draw, *node.clock.read(self.now))
            else:
                event = waiting
            self._note(name, event)
            for effect in core.step(event):
                if isinstance(effect, SetTimer):
                    self._set_timer(name, node, effect)
                elif isinstance(effect, CancelTimer):
                    timers.pop(effect.name, None)
                else:
                    effects.append(effect)
        return effects

    def _set_timer(self, name: str, node: SimNode, effect: SetTimer) -> None:
        self._count += 1
        due = Due(effect.name, self._count)
        node.timers[effect.name] = due.setting
        low, high = effect.low_ns, effect.high_ns
        delay = node.clock.true_delay(low + int(node.stream.random() * (high - low + 1)))
        self.after(delay, self._fire, name, due)

    def _fire(self, name: str, due: Due) -> None:
        if self._nodes[name].timers.get(due.timer) == due.setting:
            self._arrive(name, due)

    def _perform(self, name: str, node: SimNode, effects: Sequence[Effect]) -> None:
        """Emit what need not wait for the disk, write, and emit the rest."""
        assert node.core is not None
        records = [effect for effect in effects if isinstance(effect, DURABLE)]
        low, high = self.disk.write_ns
        if not records or high == 0:
            self._emit(name, node, effects)
            self._finish(name, node.core, effects)
            return
        first = effects.index(records[0])
        self._emit(name, node, effects[:first])
        node.writing = records
        slow = self._disks.random() < self.disk.slow
        delay = self._disks.randint(low, self.disk.slow_ns if slow else high)
        self.after(delay, self._written, name, node, node.incarnation, effects, first)

    def _written(
        self, name: str, node: SimNode, incarnation: int, effects: Sequence[Effect], first: int
    ) -> None:
        """The records are on the disk: emit the effects from the `first` record on."""
        if node.incarnation != incarnation or node.core is None:
            return  # it crashed meanwhile
        if node.paused:
            node.frozen = lambda: self._written(name, node, incarnation, effects, first)
            return
        node.writing = []
        self._emit(name, node, effects[first:])
        self._finish(name, node.core, effects)
        self._work(name)

    def _emit(self, name: str, node: SimNode, effects: Sequence[Effect]) -> None:
        for effect in effects:
            # Not by `match`, which takes several times as long, and this is done for every message.
            if isinstance(effect, Send):
                self._send(name, effect.to, effect.message)
            elif isinstance(effect, Reply):
                self._answer(name, effect.request_id, effect.result)
            elif isinstance(effect, DURABLE):
                self._store(node, effect)
            elif isinstance(effect, Trace):
                self._note(name, effect)
                if effect.event == "role":
                    self.roles.append((self.now, name, effect.fields))

    def _store(self, node: SimNode, effect: Persist | Compact) -> None:
        kind = self._factory.record_type
        if isinstance(effect, Compact):
            node.records = [self._over_wire(record, kind) for record in effect.records]
        else:
            node.records.append(self._over_wire(effect.record, kind))

    def _finish(self, name: str, core: Core, effects: Sequence[Effect]) -> None:
        if self._observer is not None:
            self._observer(name, core, effects)

    def _note(self, who: str, what: Any) -> None:
        self.trace.append((self.now, who, what))
