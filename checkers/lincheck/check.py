"""Is a history linearizable? Each key is an object of its own (linearizability is local: Herlihy & Wing
1990).

Invariants: any Invalid beats Unknown; Unknown beats Valid; a FAIL operation did not happen and is dropped; an
INFO operation may have happened at any time after its call, or not, with any answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checkers.history import History, Op, Outcome
from checkers.lincheck.evidence import counter_example
from checkers.lincheck.explain import sentence
from checkers.lincheck.minimize import Minimizer
from checkers.lincheck.model import UNKNOWN, Model, ModelError
from checkers.lincheck.search import Found, Item, Search
from checkers.lincheck.states import Machine, StateTable
from checkers.verdict import Invalid, Unknown, Valid, Verdict

MAX_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class _Judged:
    """One key: its operations without the failed ones, and what the search found."""

    key: Any
    history: History
    ops: tuple[Op, ...]
    items: tuple[Item, ...]
    table: StateTable
    found: Found


def check(history: History, model: Model, *, max_steps: int = MAX_STEPS, explain: bool = True) -> Verdict:
    """Whether every key's operations have an order that `model` accepts and that respects real time.

    max_steps: placements tried per key, and once more for the counter-example; beyond that the key is
    undecided. explain: whether an Invalid carries a minimal counter-example (of the bad key with the fewest
    operations). Raises ModelError for an operation that the model does not know.
    """
    judged = [_judge(part, model, max_steps) for part in history.split_by_key().values()]
    bad = [j for j in judged if j.found.legal is False]
    undecided = [j for j in judged if j.found.legal is None]
    if bad:
        notes = (_undecided(undecided),) if undecided else ()
        return _invalid(len(history), bad, model, max_steps if explain else None, notes)
    if undecided:
        return Unknown(_undecided(undecided), len(history))
    witness = tuple((j.key, tuple(j.ops[i].index for i in j.found.order)) for j in judged)
    return Valid(len(history), witness)


def _judge(part: History, model: Model, max_steps: int) -> _Judged:
    table = StateTable(model)
    ops = tuple(op for op in part if op.outcome != Outcome.FAIL)
    items = tuple(_item(op, table) for op in ops)
    found = Search(items, Machine(table), max_steps).run()
    return _Judged(part[0].key, part, ops, items, table, found)


def _item(op: Op, table: StateTable) -> Item:
    happened = op.outcome == Outcome.OK
    try:
        number = table.op(op.f, op.input, op.output if happened else UNKNOWN)
    except ModelError as error:
        raise ModelError(f"operation {op.index} (process {op.process}, key {op.key!r}): {error}") from error
    return Item(number, op.call_ns, op.return_ns, happened, table.reads_only[number])


def _undecided(keys: list[_Judged]) -> str:
    one = keys[0]
    required = sum(item.required for item in one.items)
    more = f"; {len(keys) - 1} further keys are undecided too" if len(keys) > 1 else ""
    return (
        f"undecided after {one.found.placed} of {required} operations on key {one.key}: "
        f"{len(one.items) - required} crashed operations open, {one.found.steps} steps spent{more}"
    )


def _invalid(
    checked: int, bad: list[_Judged], model: Model, max_steps: int | None, notes: tuple[str, ...]
) -> Invalid:
    keys = tuple(j.key for j in bad)
    one = min(bad, key=lambda j: len(j.ops))
    if max_steps is None:
        required = sum(item.required for item in one.items)
        text = f"key {one.key}: no order of its {required} operations is legal; "
        return Invalid(checked, f"{text}the longest places {one.found.placed}", None, keys, notes)
    reduced = Minimizer(one.items, one.table, max(max_steps, 2 * one.found.steps)).run()
    if not reduced.minimal:
        notes = (*notes, "the counter-example may not be minimal: not every reduction could be decided")
    example = counter_example(one.key, one.ops, reduced, model)
    text = sentence(example, one.history)
    return Invalid(checked, f"key {one.key}: {text}" if one.key is not None else text, example, keys, notes)
