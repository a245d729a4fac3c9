"""Checks a witness, with none of the search's code: a simple second opinion on every Valid.

Invariants: shares nothing with `checkers.lincheck.solve`; a witness that passes is a linearization of the
history.
"""

from __future__ import annotations

from collections.abc import Sequence

from checkers.history import History, Outcome
from checkers.lincheck.model import UNKNOWN, Model


def fault_of(witness: Sequence[int], history: History, model: Model) -> str | None:
    """What is wrong with `witness` (row indices, in order) for the operations of one key; None if nothing.

    Every OK operation stands in it exactly once, an INFO operation at most once, a FAIL operation never; no
    operation stands behind one that was called after its return; the model accepts the order.
    """
    by_index = {op.index: op for op in history}
    counts = dict.fromkeys(by_index, 0)
    for index in witness:
        if index not in counts:
            return f"operation {index} is not in the history"
        counts[index] += 1
    for index, times in counts.items():
        allowed = {Outcome.OK: (1,), Outcome.INFO: (0, 1), Outcome.FAIL: (0,)}[by_index[index].outcome]
        if times not in allowed:
            return f"operation {index} ({by_index[index].outcome.name}) stands in the order {times} times"
    states = {model.initial()}
    latest_call = -1
    for index in witness:
        op = by_index[index]
        if op.return_ns < latest_call:
            return f"operation {index} stands behind one that was called after its return"
        latest_call = max(latest_call, op.call_ns)
        output = op.output if op.outcome == Outcome.OK else UNKNOWN
        states = {after for state in states for after in model.step(state, op.f, op.input, output)}
        if not states:
            return f"the model does not accept operation {index} at its place"
    return None
