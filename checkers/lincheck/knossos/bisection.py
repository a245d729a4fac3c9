"""The event that makes a history illegal, by bisection with `check`: for histories that are too much for
Knossos' own search.

Invariants: finds the event that `forensics.replay` finds; the configuration that it gives is reachable.
"""

from __future__ import annotations

from typing import Any

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck.check import check
from checkers.lincheck.knossos.events import Recorded
from checkers.lincheck.knossos.forensics import Config, Stop, step
from checkers.lincheck.limits import Limits
from checkers.lincheck.model import UNKNOWN, Model, State
from checkers.verdict import Invalid, Valid, Verdict


def config_of(model: Model, recorded: Recorded, order: list[int], called: frozenset[int]) -> Config:
    """Where `order` leads, without the open operations at its end that nobody needed."""
    while order and recorded.ops[order[-1]].outcome != Outcome.OK:
        order = order[:-1]
    states: dict[State, None] = {model.initial(): None}
    for row in order:
        states = {after: None for s in states for after in step(model, recorded, row, s)}
    last = -1
    if order:
        last = max(place for place, (row, _, _) in enumerate(recorded.events) if row == order[-1])
    return Config(next(iter(states)), called - frozenset(order), last)


def bisected(model: Model, recorded: Recorded, limits: Limits) -> tuple[Stop, tuple[str, ...]]:
    """The first end that cannot be, by halving: a history stays illegal when it goes on."""
    ends = [place for place, (_, invoked, _) in enumerate(recorded.events) if not invoked]
    legal, illegal = 0, len(ends)  # with so many ends
    notes: tuple[str, ...] = ("only one of the configurations before op is shown",)
    found: Verdict | None = None
    while legal + 1 < illegal:
        middle = (legal + illegal) // 2
        verdict = check(_prefix(recorded, ends[middle - 1]), _Known(model), limits=limits, explain=False)
        if isinstance(verdict, Invalid):
            illegal = middle
            continue
        legal, found = middle, verdict
        if not isinstance(verdict, Valid):
            notes = ("op may have come earlier: not every beginning could be decided",)
    event = ends[illegal - 1]
    called = frozenset(row for row, invoked, _ in recorded.events[:event] if invoked)
    order: list[int] = []
    if isinstance(found, Valid):
        history = _prefix(recorded, ends[legal - 1])
        order = [history[index].process for _, indices in found.witness for index in indices]
    elif found is not None:
        return Stop(event, ()), notes
    return Stop(event, (config_of(model, recorded, order, called),)), notes


def _prefix(recorded: Recorded, last: int) -> History:
    """The history up to the event `last`; each operation is a process of its own, numbered by its row."""
    events = recorded.events[: last + 1]
    returns = {row: place for place, (row, invoked, _) in enumerate(events) if not invoked}
    ops = []
    for place, (row, invoked, _) in enumerate(events):
        if not invoked:
            continue
        op = recorded.ops[row]
        known = op.outcome == Outcome.OK
        given = [op.input, op.output if known else None, known]
        outcome = Outcome.OK if row in returns else Outcome.INFO
        ops.append(Op(0, row, op.f, None, given, None, outcome, place, returns.get(row, OPEN_NS)))
    return History.of(ops)


class _Known:
    """A model whose inputs are [input, output, whether it is known]: what an operation that is still open
    will answer is known already, as in Knossos.
    """

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.name = f"known {inner.name}"

    def initial(self) -> State:
        """See `Model.initial`."""
        return self.inner.initial()

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:  # noqa: ARG002
        """See `Model.step`."""
        return self.inner.step(state, f, *_parts(input))

    def reads_only(self, f: str, input: Any, output: Any) -> bool:  # noqa: ARG002
        """See `Model.reads_only`."""
        return self.inner.reads_only(f, *_parts(input))

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:  # noqa: ARG002
        """See `Model.describe_op`."""
        return self.inner.describe_op(f, *_parts(input), outcome)

    def describe_state(self, state: State) -> str:
        """See `Model.describe_state`."""
        return self.inner.describe_state(state)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """See `Model.why_not`."""
        return self.inner.why_not(state, f, *_parts(input))


def _parts(input: Any) -> tuple[Any, Any]:
    given, answer, known = input
    return given, answer if known else UNKNOWN
