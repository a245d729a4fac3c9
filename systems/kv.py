"""The state machine that is replicated: a map of registers with read, write and compare-and-set.

Invariants: deterministic; a command that is not a read changes at most its own key; no I/O.
"""

from __future__ import annotations

from typing import Any

import msgspec

Value = Any  # what a register holds: None (never written), a bool, number or string


class Read(msgspec.Struct, frozen=True, tag="read", array_like=True):
    """The value of `key`, None if never written."""

    key: str


class Write(msgspec.Struct, frozen=True, tag="write", array_like=True):
    """Set `key` to `value`."""

    key: str
    value: Value


class Cas(msgspec.Struct, frozen=True, tag="cas", array_like=True):
    """Set `key` to `new` if it holds `old`; the answer is whether it did."""

    key: str
    old: Value
    new: Value


Change = Write | Cas
Command = Read | Change


class Ok(msgspec.Struct, frozen=True, tag="ok", array_like=True):
    """Done. `value` is the read value, the cas's truth, or None."""

    value: Value = None


class NotLeader(msgspec.Struct, frozen=True, tag="not_leader", array_like=True):
    """Not done and never will be: ask `hint` (a node's name) if it is given."""

    hint: str | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused", array_like=True):
    """Not done and never will be, for `reason`."""

    reason: str


class Uncertain(msgspec.Struct, frozen=True, tag="uncertain", array_like=True):
    """May have been done or may yet be done, for `reason` (leadership lost with the command in the log,
    ...).
    """

    reason: str


Result = Ok | NotLeader | Refused | Uncertain


class Store:
    """The registers of one replica."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def apply(self, command: Command) -> Ok:
        """Perform one command and give its answer."""
        match command:
            case Read(key):
                return Ok(self.values.get(key))
            case Write(key, value):
                self.values[key] = value
                return Ok()
            case Cas(key, old, new):
                matches = bool(self.values.get(key) == old)
                if matches:
                    self.values[key] = new
                return Ok(matches)

    def dump(self) -> bytes:
        """The whole state, for a snapshot."""
        return msgspec.msgpack.encode(self.values)

    def load(self, dump: bytes) -> None:
        """Hold what `dump` gave, and nothing else."""
        self.values = msgspec.msgpack.decode(dump, type=dict[str, Value])
