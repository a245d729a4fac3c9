"""Small random histories for each lane, from a seed: as the arrays that the lane takes, and as steps for
brute force.

Most are simulated (an object answers at moments of its own, intervals around them) and then, half of them,
disturbed; the rest is wild. Times are few, so that ties are common.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from checkers.history import OPEN_NS
from checkers.lincheck.lanes import counters, queues, sets, zones
from checkers.lincheck.lanes.result import Decided
from tests.checkers.lanes.brute import Step, column, interval

NOT_READ = 777  # what an answer column holds where nothing was answered


@dataclass(frozen=True, slots=True)
class Case:
    """A history for one lane: `decide` asks the lane, `steps` and `initial` are for brute force."""

    decide: Callable[[], Decided | None]
    steps: list[Step]
    initial: Any
    keep: Callable[[Any], bool] = lambda state: True  # see brute.has_order


@dataclass(frozen=True, slots=True)
class Row:
    """One operation; `value` is what it was given or what it answered."""

    call: int
    ret: int
    f: str
    value: int
    answer: Any = None


def finished(dice: random.Random, rows: list[Row], crash: float) -> list[Row]:
    """Some left open; in order of call, ties in any order."""
    rows = [replace(row, ret=OPEN_NS) if dice.random() < crash else row for row in rows]
    dice.shuffle(rows)
    return sorted(rows, key=lambda row: row.call)


def shaken(dice: random.Random, rows: list[Row]) -> list[Row]:
    """One interval elsewhere."""
    if not rows:
        return rows
    i = dice.randrange(len(rows))
    call, ret = interval(dice, None)
    return [*rows[:i], replace(rows[i], call=call, ret=ret), *rows[i + 1 :]]


def _noise(dice: random.Random, share: float, count: int | None) -> int:
    """-1 or 1 where an answer is to be wrong: a share of all answers, or one in a long history or two."""
    return dice.choice([-1, 1]) if dice.random() < (share if count is None else 0.7 / count) else 0


def columns(rows: list[Row]) -> tuple[Any, Any]:
    """call and ret."""
    return column(row.call for row in rows), column(row.ret for row in rows)


def registers(dice: random.Random, count: int | None = None) -> Case:
    """Reads and writes of distinct values; the codes are small, spread, or negative."""
    scale, shift = dice.choice([(1, 0), (1, 0), (1, -3), (10**12, -(10**13)), (1, 50)])
    initial = dice.choice([0, 0, 3, 99])
    rows: list[Row] = []
    now, value = 0, initial
    written = iter(dice.sample([v for v in range(1, 12 + (count or 0)) if v != initial], 8 + (count or 0)))
    wild = dice.random() < 0.2
    for _ in range(count or dice.randint(1, 7)):
        call, ret = interval(dice, None if wild else now)
        if dice.random() < 0.45:
            value = next(written)
            rows.append(Row(call, ret, "write", value))
        else:
            rows.append(Row(call, ret, "read", dice.choice([initial, value]) if wild else value))
        now += dice.choice([0, 0, 1, 1, 2])
    if dice.random() < 0.5:
        rows = shaken(dice, rows)
    if dice.random() < 0.03:
        rows.append(Row(*interval(dice, now), "read", 55))
    if dice.random() < 0.03:
        rows.append(Row(*interval(dice, now), "write", dice.choice([initial, value])))
    rows = finished(dice, rows, 0.12)

    def step(row: Row) -> Step:
        if row.f == "write":
            return Step(row.call, row.ret, lambda _: [row.value], f"write {row.value}", row.value)
        anyone = row.ret == OPEN_NS
        return Step(
            row.call,
            row.ret,
            lambda s: [s] if anyone or s == row.value else [],
            f"read {row.value}",
            row.value,
        )

    codes = column(row.value * scale + shift for row in rows)
    writes = column((row.f == "write" for row in rows), bool)
    decide = lambda: zones.registers(*columns(rows), writes, codes, initial * scale + shift)  # noqa: E731
    return Case(decide, [step(row) for row in rows], initial)


def _queue_rows(dice: random.Random, count: int | None, in_order: bool) -> list[Row]:
    rows: list[Row] = []
    inside: list[int] = []
    now = 0
    wild, slack = dice.random() < (0.1 if count is None else 0), dice.choice([0, 1, 1, 2, 3])
    for value in range(count or dice.randint(1, 7)):
        call, ret = interval(dice, None if wild else now, slack=slack)
        if dice.random() < 0.5:
            inside.append(value)
            rows.append(Row(call, ret, "enqueue", value))
        elif inside:
            taken = inside.pop(
                0 if in_order and not _noise(dice, 0.1, count) else dice.randrange(len(inside))
            )
            rows.append(Row(call, ret, "dequeue", taken))
        else:
            rows.append(Row(call, ret, "empty", NOT_READ))
        now += dice.choice([0, 0, 1, 1, 2])
    if dice.random() < 0.5:
        rows = shaken(dice, shaken(dice, rows))
    odd = dice.random()
    if odd < 0.06:
        rows.append(Row(*interval(dice, now), "empty", NOT_READ))
    elif odd < 0.1:
        rows.append(
            Row(*interval(dice, now), *dice.choice([("dequeue", 99), ("dequeue", 0), ("enqueue", 0)]))
        )
    return rows


def _queue_step(row: Row, in_order: bool) -> Step:
    def after(state: tuple[int, ...]) -> list[tuple[int, ...]]:
        if row.f == "enqueue":
            longer = (*state, row.value)
            return [longer if in_order else tuple(sorted(longer))]
        if row.ret == OPEN_NS:
            heads = state[:1] if in_order else state
            return [state, *(_without(state, head) for head in heads)]
        if row.f == "empty":
            return [] if state else [state]
        return [_without(state, row.value)] if row.value in (state[:1] if in_order else state) else []

    return Step(row.call, row.ret, after, f"{row.f} {row.value}", row.value)


def _without(state: tuple[int, ...], value: int) -> tuple[int, ...]:
    at = state.index(value)
    return state[:at] + state[at + 1 :]


def queue(dice: random.Random, count: int | None = None, *, in_order: bool) -> Case:
    """Enqueues, dequeues and empty dequeues of distinct values."""
    rows = finished(dice, _queue_rows(dice, count, in_order), dice.choice([0, 0, 0.1]))
    lane = queues.fifo if in_order else queues.unordered
    enqueues = column((row.f == "enqueue" for row in rows), bool)
    empty = column((row.f == "empty" for row in rows), bool)
    values = column(row.value for row in rows)
    decide = lambda: lane(*columns(rows), enqueues, values, empty)  # noqa: E731
    return Case(decide, [_queue_step(row, in_order) for row in rows], (), lambda state: len(state) <= 4)


def counter(dice: random.Random, count: int | None = None) -> Case:
    """Increments by one amount, and reads."""
    unit = dice.choice([1, 1, 3])
    rows: list[Row] = []
    now = total = 0
    slack = dice.choice([0, 1, 1, 2, 3])
    for _ in range(count or dice.randint(1, 7)):
        call, ret = interval(dice, now, slack=slack)
        if dice.random() < 0.5:
            total += 1
            rows.append(Row(call, ret, "add", unit))
        else:
            rows.append(Row(call, ret, "read", NOT_READ, max(0, total + _noise(dice, 0.2, count)) * unit))
        now += dice.choice([0, 0, 1, 1, 2])
    if dice.random() < 0.5:
        rows = shaken(dice, rows)
    if dice.random() < 0.03:
        rows.append(Row(*interval(dice, now), *dice.choice([("read", NOT_READ, 5), ("add", 2, None)])))
    rows = finished(dice, rows, dice.choice([0, 0.15]))

    def step(row: Row) -> Step:
        if row.f == "add":
            return Step(row.call, row.ret, lambda s: [s + row.value], f"add {row.value}", row.value)
        return Step(
            row.call, row.ret, lambda s: [s] if s == row.answer else [], f"read {row.answer}", row.value
        )

    adds = column((row.f == "add" for row in rows), bool)
    amount = column(row.value for row in rows)
    answer = column(NOT_READ if row.answer is None else row.answer for row in rows)
    decide = lambda: counters.counter(*columns(rows), adds, amount, answer)  # noqa: E731
    return Case(decide, [step(row) for row in rows], 0, lambda state: state <= (count or 10) * unit)


def fetch_and_add(dice: random.Random, count: int | None = None) -> Case:
    """Additions that answer the value before them."""
    amounts = dice.choice([[1], [3], [1, 2, 5], [2, 3]])
    rows: list[Row] = []
    now = total = 0
    slack = dice.choice([1, 2, 3])
    lost = dice.choice([0, 0.2])
    for _ in range(count or dice.randint(1, 7)):
        call, ret = interval(dice, now, slack=slack)
        amount = dice.choice(amounts)
        if dice.random() < lost:
            rows.append(Row(call, OPEN_NS, "add", amount, NOT_READ))
            total += amount * dice.choice([0, 1])
        else:
            rows.append(Row(call, ret, "add", amount, total + _noise(dice, 0.05, count)))
            total += amount
        now += dice.choice([0, 0, 1, 1, 2])
    if dice.random() < 0.3:
        rows = shaken(dice, rows)
    rows = finished(dice, rows, 0)

    def step(row: Row) -> Step:
        anyone = row.ret == OPEN_NS
        text = f"add {row.value} to {'?' if anyone else row.answer}"
        return Step(
            row.call, row.ret, lambda s: [s + row.value] if anyone or s == row.answer else [], text, row.value
        )

    amount_column, answer = column(row.value for row in rows), column(row.answer for row in rows)
    decide = lambda: counters.fetch_and_add(*columns(rows), amount_column, answer)  # noqa: E731
    # A ghost adds its amount whatever it would answer.
    return Case(decide, [step(row) for row in rows], 0, lambda state: state <= 5 * (count or 8))


_WORDS = {"add": sets.ADD, "remove": sets.REMOVE, "contains": sets.CONTAINS}


def unordered_set(dice: random.Random, count: int | None = None) -> Case:
    """Add, remove and contains on one or two elements; some adds and removes do not answer."""
    mutes = dice.choice([0, 0, 0.3, 1])
    words = dice.choice([["add", "remove", "contains"], ["add", "remove", "contains"], ["add", "contains"]])
    elements = dice.choice([1, 1, 2])
    inside: set[int] = set()
    rows: list[Row] = []
    now = 0
    slack = dice.choice([0, 1, 1, 2, 3])
    for _ in range(count or dice.randint(1, 7)):
        call, ret = interval(dice, now, slack=slack)
        f, value = dice.choice(words), dice.randrange(elements)
        answer: bool | None = (value in inside) != (f == "add")
        if f == "add":
            inside.add(value)
        elif f == "remove":
            inside.discard(value)
        if _noise(dice, 0.1, count):
            answer = not answer
        if f != "contains" and dice.random() < mutes:
            answer = None
        rows.append(Row(call, ret, f, value, answer))
        now += dice.choice([0, 0, 1, 1, 2])
    if dice.random() < 0.5:
        rows = shaken(dice, rows)
    rows = finished(dice, rows, dice.choice([0, 0.15]))
    answers = column(sets.NO_ANSWER if row.answer is None else int(row.answer) for row in rows)
    f_column = column(_WORDS[row.f] for row in rows)
    values = column(row.value for row in rows)
    decide = lambda: sets.unordered_set(*columns(rows), f_column, values, answers)  # noqa: E731
    return Case(decide, [_set_step(row) for row in rows], frozenset())


def _set_step(row: Row) -> Step:
    def after(state: frozenset[int]) -> list[frozenset[int]]:
        told = row.ret != OPEN_NS and row.answer is not None
        if told and row.answer != ((row.value in state) != (row.f == "add")):
            return []
        if row.f == "contains":
            return [state]
        return [state | {row.value} if row.f == "add" else state - {row.value}]

    return Step(row.call, row.ret, after, f"{row.f} {row.value} -> {row.answer}", row.value)


def grow_only(dice: random.Random, count: int | None = None) -> Case:
    """Adds of distinct elements, and reads of the whole set."""
    rows: list[Row] = []
    inside: frozenset[int] = frozenset()
    now = 0
    slack = dice.choice([1, 2, 3])
    for element in range(count or dice.randint(1, 7)):
        call, ret = interval(dice, now, slack=slack)
        if dice.random() < 0.5:
            inside |= {element}
            rows.append(Row(call, ret, "add", element))
        else:
            seen = inside ^ {dice.randrange(7)} if _noise(dice, 0.1, count) else inside
            rows.append(Row(call, ret, "read", NOT_READ, seen))
        now += dice.choice([0, 0, 1, 1, 2])
    if dice.random() < 0.4:
        rows = shaken(dice, rows)
    if dice.random() < 0.05:
        rows.append(Row(*interval(dice, now), "add", 0))
    rows = finished(dice, rows, dice.choice([0, 0.15]))

    def step(row: Row) -> Step:
        if row.f == "add":
            return Step(row.call, row.ret, lambda s: [s | {row.value}], f"add {row.value}", row.value)
        return Step(
            row.call, row.ret, lambda s: [s] if s == row.answer else [], f"read {row.answer}", row.value
        )

    adds = column((row.f == "add" for row in rows), bool)
    values = column(row.value for row in rows)
    reads = [row.answer for row in rows]
    decide = lambda: sets.grow_only(*columns(rows), adds, values, reads)  # noqa: E731
    return Case(decide, [step(row) for row in rows], frozenset())
