"""The seam between a protocol and the world: events in, effects out.

A protocol is a `Core`: `step(event)` changes its state and returns the effects that a shell then performs *in
order*. Two shells perform them: `systems.shells.node` (timers, disk, gRPC) and `systems.shells.sim` (a
cluster in one thread).

Laws:
- No clock, socket, dice or log call inside a core. Time arrives with the events: every event carries the
  node's two clocks as of its arrival. Randomness is the shell's draw within the range of a `SetTimer`, and
  the `draw` of a `TimerFired`; a log line is a `Trace`.
- `now_ns` is the node's monotonic clock: it starts anywhere, never goes back within an incarnation, and may
  drift against the others' (by a few per cent at worst). `wall_ns` is the time of day as the node has it: it
  may be off by seconds, and jump either way. Neither counts when events are compared.
- The order of the list is the durability contract (the idea of etcd-io/raft's `Ready`): whatever stands
  behind a `Persist` happens only after that record is on stable storage. A shell may join neighbouring
  Persists of several steps into one fsync as long as nothing overtakes it.
- Messages, records and commands are msgspec Structs of the system's own, so both shells can carry them.
- After a crash the shell builds a new core from the records that had been persisted, in order, and sends
  `Start`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

MILLISECOND_NS = 1_000_000
_CIRCUMSTANCES = ("draw", "now_ns", "wall_ns")


class _Stamped(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Events are equal whatever clocks and dice show; made by the hundred thousand, so Structs out of the
    garbage collector's sight (they are in no cycle: messages and commands are trees).
    """

    def _said(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name not in _CIRCUMSTANCES)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == other._said()

    def __ne__(self, other: object) -> bool:
        return not self == other  # Struct has a comparison of its own, so Python does not derive this one

    def __hash__(self) -> int:
        return hash(self._said())


class Start(_Stamped, frozen=True):
    """First event of every incarnation, after the records have been restored."""

    now_ns: int = 0
    wall_ns: int = 0


class Receive(_Stamped, frozen=True):
    """`message` arrived from the node named `sender`. Messages may be lost, doubled, late or out of order."""

    sender: str
    message: Any
    now_ns: int = 0
    wall_ns: int = 0


class TimerFired(_Stamped, frozen=True):
    """The timer `name` ran out. Setting a timer again replaces it; a replaced or cancelled timer never
    fires. `draw`: a random number below 2**32, for a core that has to choose by chance.
    """

    name: str
    draw: int = 0
    now_ns: int = 0
    wall_ns: int = 0


class Request(_Stamped, frozen=True):
    """A client's `command`; answered by at most one `Reply` with the same `request_id`, in this
    incarnation.
    """

    request_id: int
    command: Any
    now_ns: int = 0
    wall_ns: int = 0


Event = Start | Receive | TimerFired | Request


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send `message` to the node named `to`; may be lost."""

    to: str
    message: Any


class Persist(msgspec.Struct, frozen=True, gc=False):
    """Append `record` to stable storage; nothing behind it in the list happens before it is there."""

    record: Any


class Compact(msgspec.Struct, frozen=True, gc=False):
    """Make `records` all that stable storage holds, at one moment (a crash leaves either what was there or
    them); nothing behind it in the list happens before. How a log is replaced by a snapshot.
    """

    records: tuple[Any, ...]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Answer the request `request_id`; `result` is a Struct of `systems.kv` (`Result` union)."""

    request_id: int
    result: Any


class SetTimer(msgspec.Struct, frozen=True, gc=False):
    """Fire `name` after a delay that the shell draws uniformly from [low_ns, high_ns]."""

    name: str
    low_ns: int
    high_ns: int


class CancelTimer(msgspec.Struct, frozen=True, gc=False):
    """The timer `name` will not fire until it is set again."""

    name: str


class Trace(msgspec.Struct, frozen=True, gc=False):
    """A structured log line, e.g. `Trace("role", {"term": 3, "role": "leader", "leader": "n1"})`.

    The event `role` is what reports and role-seeking nemeses read: it has exactly the keys term (int; the
    epoch of a primary-backup), role ("leader" | "follower" | "candidate" | "primary" | "backup") and leader
    (name or None).
    """

    event: str
    fields: Mapping[str, Any] = msgspec.field(default_factory=dict)


Effect = Send | Persist | Compact | Reply | SetTimer | CancelTimer | Trace


class Outbox:
    """A step's effects in the making, in order.

    A core may change what it has promised (its term, its vote) several times in a step; `save` is called
    before every effect that others can see, so the promise is on disk before anybody hears of it.
    """

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def save(self) -> None:
        """Persist what was promised since the last time; nothing by default."""

    def send(self, to: str, message: Any) -> None:
        """Tell another node."""
        self.save()
        self._effects.append(Send(to, message))

    def reply(self, request_id: int, result: Any) -> None:
        """Answer a client."""
        self.save()
        self._effects.append(Reply(request_id, result))

    def persist(self, record: Any) -> None:
        """Write `record` down."""
        self._effects.append(Persist(record))

    def compact(self, records: Sequence[Any]) -> None:
        """Let `records` be all that is written down."""
        self._effects.append(Compact(tuple(records)))

    def set_timer(self, name: str, low_ns: int, high_ns: int) -> None:
        """(Re)start a timer."""
        self._effects.append(SetTimer(name, low_ns, high_ns))

    def cancel_timer(self, name: str) -> None:
        """Stop a timer."""
        self._effects.append(CancelTimer(name))

    def trace(self, event: str, fields: Mapping[str, Any]) -> None:
        """Log a line."""
        self._effects.append(Trace(event, fields))

    def take_effects(self) -> list[Effect]:
        """The effects of this step, everything promised written down."""
        self.save()
        effects, self._effects = self._effects, []
        return effects


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """What every core is given: its own name, all members (own name included, same order on every node),
    options.

    `options` are the run's `-o key=value` pairs; a core rejects none of them (the system's plug-in class has
    done that).
    """

    name: str
    members: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def peers(self) -> tuple[str, ...]:
        """The other members."""
        return tuple(m for m in self.members if m != self.name)

    @property
    def majority(self) -> int:
        """Size of the smallest majority."""
        return len(self.members) // 2 + 1


class Core(Protocol):
    """A protocol without I/O."""

    def step(self, event: Event) -> list[Effect]:
        """Take one event, change state, say what is to be done, in order."""


class CoreFactory(Protocol):
    """Builds a core, and tells a shell the types it has to carry.

    All three types are msgspec Structs or unions of tagged Structs.
    """

    message_type: Any
    record_type: Any
    command_type: Any

    def __call__(self, config: CoreConfig, records: Sequence[Any]) -> Core:
        """A core that continues where `records` (in the order they were persisted) left off; [] for a new
        node.
        """
