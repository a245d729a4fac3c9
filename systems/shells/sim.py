"""A whole cluster in one thread, from one seed: the simulating shell.

Virtual time is a heap of actions. The network delays, loses, doubles and reorders messages and honours
directed cuts; nodes crash (keeping what they persisted and nothing else), restart, pause and resume.

Laws:
- Deterministic: the same factory, members, seed, options, network and calls give the same trace, byte for
  byte. Every random choice comes from a stream named after its use; nothing depends on the order of a set or
  on a hash.
- The effects of a step are performed in order and at once. `crash_in_step` cuts the list of the node's next
  step at a random place: what stands before was done, what stands behind never is.
- Between nodes a message may be lost or doubled; a client's connection only delays and breaks (as TCP does),
  and a request to a node that is down is refused, which the client learns for certain.

The ideas are those of tigerbeetle's `vopr` and of turmoil. This module belongs to no node program.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from systems.core import (
    CancelTimer,
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

CLIENTS = "clients"  # the end of a link where all clients are
Action = Callable[[], None]
Observer = Callable[[str, Core, Sequence[Effect]], None]


class Unreachable(msgspec.Struct, frozen=True):
    """What a client gets instead of a result when nothing listened: the request was not taken."""


@dataclass(frozen=True, slots=True)
class Network:
    """Delays are uniform in `delay_ns`; a share `slow` of the messages takes up to `slow_ns` instead.

    loss, duplicate: shares of the messages between nodes. wire: encode and decode every message and record.
    """

    delay_ns: tuple[int, int] = (500_000, 5_000_000)
    slow: float = 0.02
    slow_ns: int = 60_000_000
    loss: float = 0.01
    duplicate: float = 0.02
    wire: bool = False


@dataclass(slots=True)
class _Node:
    """One node: `core` is None while it is down; `timers` holds the token of each timer that is set."""

    config: CoreConfig
    timer_stream: Random
    core: Core | None = None
    records: list[Any] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    paused: bool = False
    inbox: list[Action] = field(default_factory=list)
    crash_in_step: bool = False


class Simulation:
    """A cluster of `members`, all started at time 0.

    `now` is virtual time in ns. `trace` has one (time, node, what) per event and role change; `roles` the
    role changes. `observer` is called after every step with the node's name, its core and the effects that
    were performed.
    """

    def __init__(
        self,
        factory: CoreFactory,
        members: Sequence[str],
        seed: int,
        options: Mapping[str, str] | None = None,
        network: Network | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.now = 0
        self.trace: list[tuple[int, str, Any]] = []
        self.roles: list[tuple[int, str, Mapping[str, Any]]] = []
        self.members = tuple(members)
        self._factory = factory
        self._network = network or Network()
        self._observer = observer
        self._stream = Random(f"{seed}/network")
        self._heap: list[tuple[int, int, Action]] = []
        self._count = 0
        self._cuts: frozenset[tuple[str, str]] = frozenset()
        self._waiting: dict[int, Callable[[Any], None]] = {}
        self._nodes = {
            name: _Node(CoreConfig(name, self.members, dict(options or {})), Random(f"{seed}/timers/{name}"))
            for name in self.members
        }
        for name in self.members:
            self.at(0, lambda name=name: self.restart(name))  # type: ignore[misc]

    # Time

    def at(self, ns: int, action: Action) -> None:
        """Do `action` at time `ns`; actions of the same time in the order in which they were given."""
        self._count += 1
        heapq.heappush(self._heap, (max(ns, self.now), self._count, action))

    def after(self, delay_ns: int, action: Action) -> None:
        """Do `action` in `delay_ns`."""
        self.at(self.now + delay_ns, action)

    def run_until(self, ns: int) -> None:
        """Do everything due up to and including `ns`."""
        while self._heap and self._heap[0][0] <= ns:
            self.now, _, action = heapq.heappop(self._heap)
            action()
        self.now = ns

    # Faults

    def partition(self, links: Iterable[tuple[str, str]]) -> None:
        """Cut these directed links (source, target), and no others; packets on their way are lost too."""
        self._cuts = frozenset(links)
        self._note("network", ("cut", sorted(self._cuts)))

    def heal(self) -> None:
        """Cut nothing, resume the paused, restart those that are down."""
        self.partition(())
        for name, node in self._nodes.items():
            node.crash_in_step = False
            self.resume(name)
            if node.core is None:
                self.restart(name)

    def crash(self, name: str) -> None:
        """Kill -9: everything but the records is gone."""
        node = self._nodes[name]
        self._note(name, "crash")
        node.core, node.paused, node.crash_in_step = None, False, False
        node.timers.clear()
        node.inbox.clear()

    def crash_in_step(self, name: str) -> None:
        """Kill the node somewhere among the effects of its next step."""
        self._nodes[name].crash_in_step = True

    def restart(self, name: str) -> None:
        """Build the core anew from its records; nothing if it runs."""
        node = self._nodes[name]
        if node.core is None:
            node.core = self._factory(node.config, tuple(node.records))
            self._step(name, Start())

    def pause(self, name: str) -> None:
        """Stop the node's clock; what happens to it waits in order."""
        self._note(name, "pause")
        self._nodes[name].paused = self._nodes[name].core is not None

    def resume(self, name: str) -> None:
        """Let a paused node go on with what waited."""
        node = self._nodes[name]
        if node.paused:
            self._note(name, "resume")
            node.paused = False
            inbox, node.inbox = node.inbox, []
            for action in inbox:
                action()

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
        """Send a client's `command` to `node`; `on_result` gets the result or `Unreachable`, at most once."""
        self._count += 1
        request_id = self._count
        self._waiting[request_id] = on_result
        self._carry(CLIENTS, node, lambda: self._take_request(node, request_id, command))

    def _take_request(self, name: str, request_id: int, command: Any) -> None:
        if self._nodes[name].core is None:
            self._answer(name, request_id, Unreachable())
        else:
            self._deliver(name, Request(request_id, command))

    def _answer(self, name: str, request_id: int, result: Any) -> None:
        on_result = self._waiting.pop(request_id)
        self._carry(name, CLIENTS, lambda: on_result(result))

    # Messages, timers and steps

    def _carry(self, source: str, target: str, arrive: Action) -> None:
        """Take a message over a link: one delay, and nothing arrives if the link is cut now or then."""
        if (source, target) in self._cuts:
            return
        network, stream = self._network, self._stream
        slow = stream.random() < network.slow
        delay = stream.randint(network.delay_ns[0], network.slow_ns if slow else network.delay_ns[1])
        self.after(delay, lambda: None if (source, target) in self._cuts else arrive())

    def _send(self, source: str, target: str, message: Any) -> None:
        if self._stream.random() < self._network.loss:
            return
        message = self._over_wire(message, self._factory.message_type)
        copies = 2 if self._stream.random() < self._network.duplicate else 1
        for _ in range(copies):
            self._carry(source, target, lambda: self._deliver(target, Receive(source, message)))

    def _over_wire(self, value: Any, kind: Any) -> Any:
        if not self._network.wire:
            return value
        return msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind)

    def _deliver(self, name: str, event: Event) -> None:
        node = self._nodes[name]
        if node.paused:
            node.inbox.append(lambda: self._deliver(name, event))
        elif node.core is not None:
            self._step(name, event)

    def _fire(self, name: str, timer: str, token: int) -> None:
        node = self._nodes[name]
        if node.timers.get(timer) != token:
            return  # replaced or cancelled meanwhile, or set before a crash
        if node.paused:
            node.inbox.append(lambda: self._fire(name, timer, token))
            return
        del node.timers[timer]
        self._step(name, TimerFired(timer))

    def _step(self, name: str, event: Event) -> None:
        node = self._nodes[name]
        if node.core is None:
            return
        self._note(name, event)
        core, effects = node.core, node.core.step(event)
        dies = node.crash_in_step
        if dies:
            effects = effects[: self._stream.randint(0, len(effects))]
        for effect in effects:
            self._perform(name, node, effect)
        if self._observer is not None:
            self._observer(name, core, effects)
        if dies:
            self.crash(name)

    def _perform(self, name: str, node: _Node, effect: Effect) -> None:
        match effect:
            case Send(to, message):
                self._send(name, to, message)
            case Persist(record):
                node.records.append(self._over_wire(record, self._factory.record_type))
            case Reply(request_id, result):
                self._answer(name, request_id, result)
            case SetTimer(timer, low_ns, high_ns):
                self._count += 1
                token = node.timers[timer] = self._count
                delay = node.timer_stream.randint(low_ns, high_ns)
                self.after(delay, lambda: self._fire(name, timer, token))
            case CancelTimer(timer):
                node.timers.pop(timer, None)
            case Trace(_, fields):
                self._note(name, effect)
                if effect.event == "role":
                    self.roles.append((self.now, name, fields))

    def _note(self, who: str, what: Any) -> None:
        self.trace.append((self.now, who, what))
