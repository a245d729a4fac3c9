"""Registers by zones: ties, cores, odd codes, and long histories."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.result import Decided
from checkers.lincheck.lanes.zones import registers
from tests.checkers.lanes.brute import column

NIL = 0


def judge(*ops: tuple[str, int, int, int]) -> Decided | None:
    """Each ("w" or "r", value, call, return)."""
    return registers(
        column(op[2] for op in ops),
        column(op[3] for op in ops),
        column((op[0] == "w" for op in ops), bool),
        column(op[1] for op in ops),
        NIL,
    )


def legal(*ops: tuple[str, int, int, int]) -> list[int]:
    """The linearization that is found."""
    decided = judge(*ops)
    assert decided is not None
    assert decided.legal, decided
    assert decided.core == ()
    return decided.order().tolist()


def core(*ops: tuple[str, int, int, int]) -> tuple[int, ...]:
    """The operations that contradict each other."""
    decided = judge(*ops)
    assert decided is not None
    assert not decided.legal
    with pytest.raises(ValueError, match="no linearization"):
        decided.order()
    return decided.core


def test_nothing_happened() -> None:
    assert legal() == []


def test_a_read_of_what_nobody_wrote() -> None:
    assert core(("w", 1, 0, 1), ("r", 2, 2, 3)) == (1,)


@pytest.mark.parametrize(("back", "right"), [(4, False), (5, True)])
def test_a_read_before_its_write(back: int, right: bool) -> None:
    """Returning in the moment in which the write is called is early enough."""
    ops = ("r", 1, 2, back), ("w", 1, 5, 6)
    if right:
        assert legal(*ops) == [1, 0]
    else:
        assert core(*ops) == (0, 1)


@pytest.mark.parametrize(("called", "right"), [(6, True), (7, False)])
def test_the_old_value_after_a_new_one(called: int, right: bool) -> None:
    ops = ("w", 1, 0, 1), ("w", 2, 2, 6), ("r", 1, called, 9)
    if right:
        assert legal(*ops) == [0, 2, 1]
    else:
        assert core(*ops) == (0, 1, 2)


@pytest.mark.parametrize(("called", "right"), [(3, True), (4, False)])
def test_the_initial_value_after_a_new_one(called: int, right: bool) -> None:
    ops = ("w", 1, 0, 3), ("r", NIL, called, 9), ("r", 1, 10, 11)
    if right:
        assert legal(*ops) == [1, 0, 2]
    else:
        assert core(*ops) == (0, 1)


@pytest.mark.parametrize(("called", "right"), [(4, True), (5, False)])
def test_two_values_that_alternate(called: int, right: bool) -> None:
    """1 holds from 1 to `called`, 2 from 4 to 9."""
    ops = ("w", 1, 0, 1), ("w", 2, 0, 4), ("r", 1, called, 9), ("r", 2, 9, 10)
    if right:
        assert legal(*ops) == [0, 2, 1, 3]
    else:
        assert core(*ops) == (0, 1, 2, 3)


def test_open_operations() -> None:
    assert legal(("r", 9, 0, OPEN_NS), ("w", 1, 1, OPEN_NS), ("r", NIL, 2, 3)) == [2]
    assert legal(("w", 1, 1, OPEN_NS), ("r", NIL, 2, 3), ("r", 1, 4, 5)) == [1, 0, 2]
    assert core(("w", 1, 1, OPEN_NS), ("r", 1, 2, 3), ("r", NIL, 4, 5)) == (1, 2)


def test_what_was_written_twice_is_another_class_if_it_was_read() -> None:
    assert judge(("w", 1, 0, 1), ("w", 1, 2, 3), ("r", 1, 4, 5)) is None
    assert judge(("w", NIL, 0, 1), ("r", NIL, 4, 5)) is None
    assert legal(("w", 1, 0, 1), ("w", 1, 2, 3), ("w", 2, 4, 5), ("r", 2, 6, 7)) == [0, 1, 2, 3]
    assert core(("w", 1, 0, 1), ("w", 1, 2, 3), ("w", NIL, 4, 5), ("w", 2, 4, 5), ("r", 7, 6, 7)) == (4,)


@pytest.mark.parametrize("far", [0, -(2**63), 2**63 - 3])
def test_codes_may_be_anything(far: int) -> None:
    assert legal(("w", far + 1, 0, 1), ("w", 5, 2, 3), ("r", far + 1, 2, 4)) == [0, 2, 1]


def long_history(seed: int, count: int, clients: int) -> tuple[Any, ...]:
    """Legal by construction (each takes effect at a moment of its interval): call, ret, writes, value."""
    dice = np.random.default_rng(seed)
    duration = dice.integers(1, 1000, (clients, count // clients))
    ret = np.cumsum(duration + dice.integers(0, 200, duration.shape), axis=1)
    call = (ret - duration).ravel()
    order = np.argsort(call, kind="stable")
    call, ret = call[order], ret.ravel()[order]
    moment = call + dice.random(len(call)) * (ret - call)
    writes = dice.random(len(call)) < 0.4
    value = np.where(writes, 1 + dice.permutation(len(call)), 0)
    by_moment = np.argsort(moment, kind="stable")
    last = np.maximum.accumulate(np.where(writes[by_moment], np.arange(len(call)), -1))
    value[by_moment] = np.where(last < 0, NIL, value[by_moment][last])
    return call, ret, writes, value


@pytest.mark.parametrize("clients", [1, 10, 100])
def test_long_histories(clients: int) -> None:
    call, ret, writes, value = long_history(clients, 20_000, clients)
    decided = registers(call, ret, writes, value, NIL)
    assert decided is not None
    assert decided.legal
    order = decided.order()
    assert np.array_equal(np.sort(order), np.arange(len(call)))
    assert np.all(np.maximum.accumulate(call[order]) <= ret[order])
    last = np.maximum.accumulate(np.where(writes[order], np.arange(len(call)), -1))
    assert np.array_equal(np.where(last < 0, NIL, value[order][last]), value[order])


@pytest.mark.parametrize("seed", range(20))
def test_one_stale_read_in_a_long_history(seed: int) -> None:
    """A read of a value after a read of a later one: the core is about these."""
    call, ret, writes, value = long_history(seed, 4_000, 10)
    dice = random.Random(seed)
    reads = np.flatnonzero(~writes)
    one = int(reads[dice.randrange(len(reads) // 2, len(reads))])
    seen = [i for i in range(len(call)) if writes[i] and ret[i] < call[one]]
    later = max(seen, key=lambda i: call[i])
    old = dice.choice([i for i in seen if ret[i] < call[later]])
    value[one] = value[old]
    decided = registers(call, ret, writes, value, NIL)
    assert decided is not None
    assert not decided.legal, f"seed {seed}: row {one} reads {value[old]}, which row {later} overwrote"
    assert one in decided.core
    assert len(decided.core) <= 6
