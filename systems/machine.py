"""The seam between replication and what is replicated: a deterministic state machine, made for every node.

Laws:
- `apply` is a function of the state and the command alone: no clock, no dice, no order of a set or a hash.
  Nodes that applied the same commands in the same order hold the same state and dump the same bytes.
- A command of `reads` changes nothing and may be applied at any time; one of `changes` is applied where the
  replication has ordered it, once.
- `load(dump())` on a fresh machine gives an equal one; nothing of the dump is kept alive by later changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from systems import kv

MESSAGE_BYTES = 1 << 20  # of commands in one message between nodes


class StateMachine(Protocol):
    """The state of one replica."""

    def apply(self, command: Any) -> kv.Ok:
        """Perform one command and give its answer."""

    def dump(self) -> bytes:
        """The whole state, for a snapshot."""

    def load(self, dump: bytes) -> None:
        """Hold what `dump` gave, and nothing else."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A state machine as a replication core takes it.

    make: a new, empty one, given the run's `-o` options. changes, reads: the commands, each a tagged msgspec
    Struct or a union of them. weigh: about how many bytes a change takes in a message; None if none takes
    many.
    """

    make: Callable[[Mapping[str, str]], StateMachine]
    changes: Any
    reads: Any
    weigh: Callable[[Any], int] | None = None

    def is_read(self, command: Any) -> bool:
        """Whether `command` changes nothing."""
        return isinstance(command, self.reads)

    def fitting(self, changes: Iterable[Any]) -> int:
        """How many of the first of `changes` go into one message: MESSAGE_BYTES of them, but at least one.

        What is no change of this machine (a replication's own entry) weighs nothing.
        """
        count = total = 0
        for change in changes:
            total += self.weigh(change) if self.weigh is not None and isinstance(change, self.changes) else 0
            if count and total > MESSAGE_BYTES:
                break
            count += 1
        return count


class Types(NamedTuple):
    """What a shell has to carry for a core: msgspec Structs or unions of tagged ones."""

    message: Any
    record: Any
    command: Any


REGISTERS = Kind(lambda _options: kv.Store(), kv.Change, kv.Read)
