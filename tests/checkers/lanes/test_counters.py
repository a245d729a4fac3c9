"""Counters and fetch-and-add: ties, cores, open increments, and long histories."""

from __future__ import annotations

import random

import pytest

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.counters import counter, fetch_and_add
from checkers.lincheck.lanes.result import Decided
from tests.checkers.lanes.brute import column

NEVER = OPEN_NS
Op = tuple[str, int, int, int]  # "+" amount or "=" answer; call; return


def judge(*ops: Op) -> Decided | None:
    """What the lane for counters says."""
    return counter(
        column(op[2] for op in ops),
        column(op[3] for op in ops),
        column((op[0] == "+" for op in ops), bool),
        column(op[1] for op in ops),
        column(op[1] for op in ops),
    )


def legal(decided: Decided | None) -> list[int]:
    """The linearization that was found."""
    assert decided is not None
    assert decided.legal, decided
    return decided.order().tolist()


def core(decided: Decided | None) -> tuple[int, ...]:
    """The operations that contradict each other."""
    assert decided is not None
    assert not decided.legal
    return decided.core


def test_nothing_happened() -> None:
    assert legal(judge()) == []
    assert legal(judge(("=", 0, 0, 1))) == [0]


def test_amounts_must_be_one_and_the_same() -> None:
    assert judge(("+", 1, 0, 1), ("+", 2, 0, 1)) is None
    assert judge(("+", -1, 0, 1)) is None
    assert judge(("+", 0, 0, 1)) is None
    assert core(judge(("+", 3, 0, 1), ("=", 4, 2, 3))) == (1,)
    assert core(judge(("+", 3, 0, 1), ("=", -3, 2, 3))) == (1,)
    assert core(judge(("=", 1, 2, 3))) == core(judge(("=", -1, 2, 3))) == (0,)
    assert core(judge(("=", 0, 0, 1), ("=", -1, 2, 3))) == (1,)


@pytest.mark.parametrize(("called", "right"), [(3, True), (4, False)])
def test_a_read_that_misses_an_increment(called: int, right: bool) -> None:
    ops = ("+", 5, 0, 3), ("=", 0, called, 6)
    if right:
        assert legal(judge(*ops)) == [1, 0]
    else:
        assert core(judge(*ops)) == (0, 1)


@pytest.mark.parametrize(("back", "right"), [(4, True), (3, False)])
def test_a_read_that_saw_too_much(back: int, right: bool) -> None:
    ops = ("=", 2, 0, back), ("+", 1, 1, 6), ("+", 1, 4, 9)
    if right:
        assert legal(judge(*ops)) == [1, 2, 0]
    else:
        assert core(judge(*ops)) == (0, 1, 2)


def test_the_increment_that_must_return_first_is_placed_first() -> None:
    ops = ("+", 1, 0, 9), ("+", 1, 1, 3), ("=", 1, 2, 2), ("=", 1, 4, 5), ("=", 2, 9, 10)
    assert legal(judge(*ops)) == [1, 2, 3, 0, 4]


def test_reads_that_fall() -> None:
    ops = ("+", 1, 0, 9), ("+", 1, 0, 9), ("=", 2, 1, 2), ("=", 1, 3, 4)
    assert core(judge(*ops)) == (2, 3)


def test_a_core_begins_at_the_last_read_that_matters() -> None:
    """After a read of 3 one more increment: 3 cannot be read again, whatever came before."""
    before = [("+", 1, i, 50) for i in range(3)]
    ops = [*before, ("=", 3, 5, 6), ("+", 1, 7, 8), ("=", 3, 9, 10)]
    assert core(judge(*ops)) == (3, 4, 5)
    steps: list[Op] = [("+", 1, 0, 1), ("=", 1, 2, 3), ("+", 1, 4, 5), ("=", 2, 6, 7), ("+", 1, 8, 9)]
    assert core(judge(*steps, ("=", 2, 10, 11))) == (3, 4, 5)


def test_open_increments() -> None:
    assert legal(judge(("+", 1, 0, NEVER), ("=", 0, 1, 2))) == [1]
    assert legal(judge(("+", 1, 0, NEVER), ("=", 0, 1, 2), ("=", 1, 3, 4))) == [1, 0, 2]
    assert core(judge(("+", 1, 0, NEVER), ("=", 1, 1, 2), ("=", 0, 3, 4))) == (1, 2)
    assert legal(judge(("+", 1, 0, NEVER), ("=", 7, 1, NEVER))) == []


@pytest.mark.parametrize("extra", [0, 1, -1])
def test_long_histories(extra: int) -> None:
    """Legal by construction; and with one read that is off by one, at a time when nothing else happens."""
    for seed in range(5):
        dice = random.Random(seed)
        ops: list[tuple[float, Op]] = []
        for client in range(8):
            now = client
            for _ in range(500):
                call, now = now + dice.randint(0, 9), now + 10 + dice.randint(0, 9)
                f = dice.choice("+=")
                back = NEVER if f == "+" and dice.random() < 0.05 else now
                ops.append((dice.uniform(call, now), (f, 1, call, back)))
        count = 0
        rows: list[Op] = []
        for _, (f, _, call, ret) in sorted(ops):
            count += f == "+"
            rows.append((f, 1 if f == "+" else count, call, ret))
        rows = sorted(rows, key=lambda op: op[2])
        end = max(op[3] for op in rows if op[3] != NEVER)
        sure = sum(op[0] == "+" and op[3] != NEVER for op in rows)
        shown = {0: count, 1: count + 1, -1: sure - 1}[extra]
        decided = judge(*rows, ("=", shown, end + 1, end + 2))
        if extra:
            assert len(rows) in core(decided), f"seed {seed}"
            continue
        order = legal(decided)
        value = called = 0
        for row in order[:-1]:
            f, answer, call, ret = rows[row]
            called = max(called, call)
            assert ret >= called, f"seed {seed}: row {row} comes too late"
            value += f == "+"
            assert f == "+" or answer == value, f"seed {seed}: row {row}"


def add(*ops: tuple[int, int | None, int, int]) -> Decided | None:
    """Each (amount, value before or None, call, return)."""
    return fetch_and_add(
        column(op[2] for op in ops),
        column(op[3] for op in ops),
        column(op[0] for op in ops),
        column(-1 if op[1] is None else op[1] for op in ops),
    )


def test_fetch_and_add_is_ordered_by_its_answers() -> None:
    assert legal(add()) == []
    assert legal(add((2, 3, 0, 5), (3, 0, 1, 5))) == [1, 0]
    assert core(add((3, 0, 4, 5), (2, 3, 0, 3))) == (0, 1)
    assert legal(add((3, 0, 4, 5), (2, 3, 0, 4))) == [0, 1]
    assert core(add((3, 0, 0, 5), (2, 2, 0, 5))) == (0, 1)
    assert core(add((3, 1, 0, 5), (2, 4, 0, 5))) == (0,)
    assert core(add((3, -1, 0, 5))) == (0,)
    assert add((0, 0, 0, 5)) is None


def test_open_additions_fill_gaps() -> None:
    assert legal(add((1, None, 0, NEVER), (1, 0, 0, 5))) == [1]
    assert legal(add((1, 0, 0, 5), (1, 2, 1, 6), (1, None, 6, NEVER))) == [0, 2, 1]
    assert core(add((1, 0, 0, 5), (1, 2, 1, 6), (1, None, 7, NEVER))) == (1, 2)
    assert core(add((1, 0, 0, 5), (1, 3, 1, 6), (1, None, 2, NEVER))) == (1, 2)
    assert core(add((2, 0, 0, 5), (2, 3, 1, 6), (2, None, 2, NEVER))) == (0, 1)
    assert add((2, 0, 0, 5), (2, 3, 1, 6), (1, None, 2, NEVER)) is None
