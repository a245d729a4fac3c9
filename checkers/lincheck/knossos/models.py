"""Knossos' models, by its names and with its meaning, which differs from ours in two points: a read of nil is
always legal (nobody knows what was read), and a dequeue of nil never is.

Invariants: an adapter answers as the model inside does, but for those two points.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkers.history import Outcome
from checkers.lincheck import models
from checkers.lincheck.model import UNKNOWN, Guard, Guarded, Model, State


class _Adapter:
    """A model with other rules for nil; of another name, so that nobody takes it for the one inside."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.name = f"knossos {inner.name}"

    def initial(self) -> State:
        """See `Model.initial`."""
        return self.inner.initial()

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        return self.inner.step(state, f, input, output)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """See `Model.reads_only`."""
        return self.inner.reads_only(f, input, output)

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """See `Model.describe_op`."""
        return self.inner.describe_op(f, input, output, outcome)

    def describe_state(self, state: State) -> str:
        """See `Model.describe_state`."""
        return self.inner.describe_state(state)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """See `Model.why_not`."""
        return self.inner.why_not(state, f, input, output)


class _Register(_Adapter):
    """A register of which a read of nil says nothing."""

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        return super().step(state, f, input, _seen(f, output))

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:
        """See `Guarded.guard`."""
        assert isinstance(self.inner, Guarded)
        return self.inner.guard(f, input, _seen(f, output))


class _MultiRegister(_Adapter):
    """Registers of which a read of nil says nothing."""

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        return super().step(state, f, input, _told(output))

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """See `Model.why_not`."""
        return super().why_not(state, f, input, _told(output))


class _Queue(_Adapter):
    """A queue that is never found empty."""

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        return () if f == "dequeue" and output is None else super().step(state, f, input, output)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """See `Model.why_not`."""
        if f == "dequeue" and output is None:
            return "dequeues nil, which is never in the queue"
        return super().why_not(state, f, input, output)


def _seen(f: str, output: Any) -> Any:
    return UNKNOWN if f == "read" and output is None else output


def _told(output: Any) -> Any:
    """A transaction's answer without the reads that say nothing."""
    if output is UNKNOWN:
        return output
    return [micro for micro in output if micro[2] is not None or micro[0] in ("w", "write")]


def register(value: Any = None) -> Model:
    """A register: :read, :write."""
    return _Register(models.Register(value))


def cas_register(value: Any = None) -> Model:
    """A register with :cas; its value is [old new], and :fail says that it did not happen."""
    return _Register(models.CasRegister(value, failed_cas="observation"))


def multi_register(values: Mapping[Any, Any]) -> Model:
    """Registers by key, changed by :txn; a transaction is a list of [:read k v] and [:write k v]."""
    return _MultiRegister(models.MultiRegister(values))


def mutex() -> Model:
    """:acquire, :release."""
    return models.Mutex()


def fifo_queue() -> Model:
    """:enqueue, :dequeue; first in, first out."""
    return _Queue(models.FifoQueue())


def unordered_queue() -> Model:
    """:enqueue, :dequeue; in any order."""
    return _Queue(models.UnorderedQueue())


def set() -> Model:
    """:add, :read."""
    return models.Set()


def counter(value: int = 0) -> Model:
    """:add, :read. (Knossos leaves counters to Jepsen.)"""
    return models.Counter(value)


noop: Model = models.Noop()
