"""Registers: one that is read and written, one with compare-and-set, several behind one transaction.

Invariants: a state is a value as `canonical` gives it (of a multi-register: a frozenset of such pairs), so
that Python's equality is the right one; nil is a value like any other: a read of nil says that it is nil.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, Guard, ModelError, State
from checkers.lincheck.models.base import Base
from checkers.lincheck.models.values import canonical, in_order, listed, text, words


class Register(Base):
    """One value, `initial` at first. read: gives it. write: sets it to the input."""

    name = "register"
    functions: tuple[str, ...] = ("read", "write")

    def __init__(self, initial: Any = None) -> None:
        self._initial = canonical(initial)

    def initial(self) -> State:
        """None unless told otherwise: never written."""
        return self._initial

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        if f == "write":
            return (canonical(input),)
        if f == "read":
            return (state,) if output is UNKNOWN or canonical(output) == state else ()
        raise self.unknown(f)

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:
        """See `Guarded.guard`."""
        if f == "write":
            return Guard(assign=canonical(input))
        return Guard() if output is UNKNOWN else Guard(expect=canonical(output))

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Only reads."""
        self.check_form(f, input, output)
        return f == "read"

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "read → 4", "write 7"."""
        if f == "write":
            return f"write {words(input)}"
        return f"read → {words(output) if outcome == Outcome.OK else '?'}"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. "reads 4, but the state is 7"."""
        return f"{f}s {words(output)}, but the state is {text(state)}"


class CasRegister(Register):
    """A register with cas: its input (old, new) sets new if the value is old; its output says whether it did.

    `failed_cas` says what the output False means. "observation": the value was not old at that moment.
    "did-not-happen": only that the cas had no effect (the system may refuse one although it matches).
    """

    name = "cas-register"
    functions = ("read", "write", "cas")

    def __init__(self, initial: Any = None, *, failed_cas: Literal["observation", "did-not-happen"]) -> None:
        if failed_cas not in ("observation", "did-not-happen"):
            raise ValueError(f'failed_cas is "observation" or "did-not-happen", not {failed_cas!r}')
        super().__init__(initial)
        self.failed_cas = failed_cas

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        if f != "cas":
            return super().step(state, f, input, output)
        matches = canonical(input[0]) == state
        if output is UNKNOWN:
            changed = (canonical(input[1]),) if matches else (state,)
            return (*changed, state) if matches and self.failed_cas == "did-not-happen" else changed
        if output is True:
            return (canonical(input[1]),) if matches else ()
        return () if matches and self.failed_cas == "observation" else (state,)

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:
        """See `Guarded.guard`."""
        if f != "cas":
            return super().guard(f, input, output)
        old, new = map(canonical, input)
        if output is False:
            return Guard(forbid=old) if self.failed_cas == "observation" else Guard()
        return Guard(expect=old, assign=new)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Reads, and a cas that answered False."""
        if f != "cas":
            return super().reads_only(f, input, output)
        if not isinstance(input, list | tuple) or len(input) != 2:
            raise ModelError(f"the input of a cas is a pair [old, new], not {input!r:.60}")
        canonical(input)
        if output is not UNKNOWN and type(output) is not bool:
            raise ModelError(f"the output of a cas is true or false, not {output!r:.60}")
        return output is False

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "cas 1→2 → false"."""
        if f != "cas":
            return super().describe_op(f, input, output, outcome)
        answer = f" → {words(output)}" if outcome == Outcome.OK else " → ?"
        return f"cas {words(input[0])}→{words(input[1])}{answer}"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "succeeds from 1, but the state is 7"."""
        if f != "cas":
            return super().why_not(state, f, input, output)
        if output is True:
            return f"succeeds from {words(input[0])}, but the state is {text(state)}"
        return f"fails from {words(input[0])}, although the state is {text(state)}"


_READS = ("r", "read")
_WRITES = ("w", "write")
_FORM = 'a list of ["r", key, value] and ["w", key, value]'

Registers = frozenset[tuple[State, State]]  # those that are not nil: (key, value), both canonical


class MultiRegister(Base):
    """Registers by key, nil at first or as `initial` says. txn: a list of micro-operations ["r", key, value]
    and ["w", key, value] (also "read", "write"), which happen in their order at one moment.

    The input is the transaction as it was asked for, its reads nil (a read that has a value there must give
    that one); the output is the same transaction with its reads filled in.
    """

    name = "multi-register"
    functions = ("txn",)

    def __init__(self, initial: Mapping[Any, Any] | None = None) -> None:
        given = {canonical(key): canonical(value) for key, value in (initial or {}).items()}
        self._initial = self._state(given)

    def initial(self) -> State:
        """The registers that are not nil."""
        return self._initial

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:  # noqa: ARG002
        """See `Model.step`."""
        values = self._values(state)
        known = output is not UNKNOWN
        for kind, key, value in output if known else input:
            at = canonical(key)
            if kind in _WRITES:
                values[at] = canonical(value)
            elif (known or value is not None) and values.get(at) != canonical(value):
                return ()
        return (self._state(values),)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """A transaction of reads."""
        self.check_form(f, input, output)
        self._check("input", input)
        if output is not UNKNOWN:
            self._check("output", output)
            self._check_answer(input, output)
        return all(kind in _READS for kind, _, _ in input)

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "txn x → 1, y := 2"."""
        known = outcome == Outcome.OK
        parts = [
            f"{_plain(canonical(key))} := {words(value)}"
            if kind in _WRITES
            else f"{_plain(canonical(key))} → {words(value) if known or value is not None else '?'}"
            for kind, key, value in (output if known else input)
        ]
        return f"{f} {', '.join(parts) or 'of nothing'}"

    def describe_state(self, state: State) -> str:
        """E.g. "x: 1, y: 2"; "all nil" at first."""
        values = self._values(state)
        return listed([f"{_plain(k)}: {text(values[k])}" for k in in_order(values)], len(values)) or "all nil"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. "reads 1 from x, but x is 2"."""
        values = self._values(state)
        for kind, key, value in input if output is UNKNOWN else output:
            at = canonical(key)
            if kind in _WRITES:
                values[at] = canonical(value)
            elif values.get(at) != canonical(value):
                return f"reads {words(value)} from {_plain(at)}, but {_plain(at)} is {text(values.get(at))}"
        return "is legal"

    @staticmethod
    def _values(state: State) -> dict[State, State]:
        assert isinstance(state, frozenset)
        return dict(state)

    @staticmethod
    def _state(values: Mapping[State, State]) -> State:
        """Registers that are nil are left out: never written and written nil are one state."""
        return frozenset((key, value) for key, value in values.items() if value is not None)

    def _check(self, part: str, txn: Any) -> None:
        if not isinstance(txn, list | tuple):
            raise self.wrong("txn", part, _FORM, txn)
        for micro in txn:
            if not isinstance(micro, list | tuple) or len(micro) != 3:
                raise self.wrong("txn", part, _FORM, micro)
            if not isinstance(micro[0], str) or micro[0] not in _READS + _WRITES:
                raise ModelError(f'a micro-operation is "r" or "w", not {micro[0]!r:.60}')

    def _check_answer(self, input: Any, output: Any) -> None:
        """The answer must be the same transaction, reads filled in."""
        same = len(input) == len(output) and all(
            (asked[0] in _WRITES) == (got[0] in _WRITES)
            and canonical(asked[1]) == canonical(got[1])
            and (canonical(asked[2]) == canonical(got[2]) or (asked[2] is None and asked[0] in _READS))
            for asked, got in zip(input, output, strict=False)
        )
        if not same:
            form = "its input with the reads filled in"
            raise self.wrong("txn", "output", form, output)


def _plain(at: State) -> str:
    """A canonical key in words, without quotes."""
    return at if isinstance(at, str) else text(at)
