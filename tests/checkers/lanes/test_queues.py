"""Queues and bags: ties, cores, empty answers, open operations, and long histories."""

from __future__ import annotations

import random
from collections import deque

import pytest

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.queues import fifo, unordered
from checkers.lincheck.lanes.result import Decided
from tests.checkers.lanes.brute import column

Op = tuple[str, int, int, int]  # "+" enqueue, "-" dequeue, "0" empty; value; call; return


def judge(*ops: Op, in_order: bool = True) -> Decided | None:
    """What the lane says."""
    return (fifo if in_order else unordered)(
        column(op[2] for op in ops),
        column(op[3] for op in ops),
        column((op[0] == "+" for op in ops), bool),
        column(op[1] for op in ops),
        column((op[0] == "0" for op in ops), bool),
    )


def legal(*ops: Op, in_order: bool = True) -> list[int]:
    """The linearization that is found."""
    decided = judge(*ops, in_order=in_order)
    assert decided is not None
    assert decided.legal, decided
    return decided.order().tolist()


def core(*ops: Op, in_order: bool = True) -> tuple[int, ...]:
    """The operations that contradict each other."""
    decided = judge(*ops, in_order=in_order)
    assert decided is not None
    assert not decided.legal
    return decided.core


def test_nothing_happened() -> None:
    assert legal() == legal(in_order=False) == []


@pytest.mark.parametrize("in_order", [True, False])
def test_what_no_queue_can_answer(in_order: bool) -> None:
    assert core(("+", 1, 0, 1), ("-", 2, 2, 3), in_order=in_order) == (1,)
    assert core(("-", 1, 0, 1), ("+", 1, 2, 3), in_order=in_order) == (0, 1)
    assert core(("+", 1, 0, 1), ("-", 1, 2, 3), ("-", 1, 2, 3), in_order=in_order) == (0, 1, 2)
    assert legal(("-", 1, 0, 2), ("+", 1, 2, 3), in_order=in_order) == [1, 0]


@pytest.mark.parametrize(("called", "right"), [(4, True), (5, False)])
def test_values_leave_in_the_order_in_which_they_came(called: int, right: bool) -> None:
    ops = ("+", 1, 0, 1), ("+", 2, 2, 3), ("-", 2, 4, 4), ("-", 1, called, 9)
    if right:
        assert legal(*ops) == [0, 1, 3, 2]
    else:
        assert core(*ops) == (0, 1, 2, 3)
    assert legal(*ops, in_order=False)


@pytest.mark.parametrize(("back", "right"), [(1, False), (2, True)])
def test_a_value_that_nobody_took_blocks_later_ones(back: int, right: bool) -> None:
    ops = ("+", 1, 0, back), ("+", 2, 2, 3), ("-", 2, 4, 5)
    if right:
        assert legal(*ops) == [1, 0, 2] or legal(*ops) == [1, 2, 0]
    else:
        assert core(*ops) == (0, 1, 2)


@pytest.mark.parametrize("in_order", [True, False])
def test_empty_between_two_values_that_touch(in_order: bool) -> None:
    """1 is taken in the moment 5 at the earliest, 2 is put in at 5 at the latest: empty fits in between."""
    ops = ("+", 1, 0, 1), ("+", 2, 3, 5), ("0", 0, 4, 6), ("-", 1, 5, 6), ("-", 2, 7, 8)
    assert legal(*ops, in_order=in_order) == [0, 3, 2, 1, 4]
    early = ("+", 1, 0, 1), ("+", 2, 3, 4), ("0", 0, 4, 6), ("-", 1, 5, 6), ("-", 2, 7, 8)
    assert core(*early, in_order=in_order) == (0, 1, 2, 3, 4)
    kept = ("+", 1, 0, 3), ("0", 0, 4, 6)
    assert core(*kept, in_order=in_order) == (0, 1)


@pytest.mark.parametrize("in_order", [True, False])
def test_open_operations(in_order: bool) -> None:
    never = OPEN_NS
    assert legal(("0", 0, 0, never), in_order=in_order) == []
    assert legal(("+", 1, 0, never), ("0", 0, 2, 3), in_order=in_order) == [1]
    assert legal(("+", 1, 0, never), ("-", 1, 2, 3), in_order=in_order) == [0, 1]
    assert legal(("+", 1, 0, 1), ("-", 0, 2, never), in_order=in_order) == [0]
    gone = ("+", 1, 0, 1), ("-", 0, 2, never), ("0", 0, 3, 4)
    assert legal(*gone, in_order=in_order) == [0, 1, 2]
    assert core(("+", 2, 0, 1), *gone, in_order=in_order) == (0, 1, 2, 3)
    assert core(("+", 1, 0, 1), ("-", 0, 2, never), ("-", 3, 3, 4), in_order=in_order) == (2,)
    covered = ("+", 1, 0, 1), ("-", 0, 2, never), ("0", 0, 3, 4), ("-", 1, 5, 6)
    assert core(*covered, in_order=in_order) == (0, 2, 3)


@pytest.mark.parametrize(("called", "right"), [(5, True), (6, False)])
def test_an_open_dequeue_takes_what_stands_in_the_way(called: int, right: bool) -> None:
    ops = ("+", 1, 0, 1), ("+", 2, 2, 3), ("-", 2, 4, 5), ("-", 0, called, OPEN_NS)
    if right:
        assert legal(*ops) == [0, 1, 3, 2]
        assert core(("+", 3, 0, 1), *ops) == (0, 1, 2, 3, 4)
    else:
        assert core(*ops) == (0, 1, 2, 3)


def test_open_dequeues_go_to_values_whose_enqueue_returned_first() -> None:
    """1 was called before 2, but only 2 stands in the way of 3."""
    ops = ("-", 0, 0, OPEN_NS), ("+", 1, 0, 9), ("+", 2, 1, 2), ("+", 3, 3, 3), ("-", 3, 4, 5)
    assert sorted(legal(*ops)) == [0, 1, 2, 3, 4]


def test_what_open_dequeues_took_came_before_what_stayed() -> None:
    ops: list[Op] = [("+", 1, 0, 1), ("-", 0, 2, OPEN_NS), ("+", 2, 3, 4), ("-", 2, 5, 6)]
    order = legal(*ops, ("+", 4, 7, 9), ("+", 3, 7, 8), ("-", 0, 7, OPEN_NS))
    assert order.index(5) < order.index(4)


@pytest.mark.parametrize("in_order", [True, False])
def test_a_core_has_all_values_that_compete_for_open_dequeues(in_order: bool) -> None:
    """Empty needs 1 gone, from 4 on 2, from 5 on 3; only two of three dequeues are called in time."""
    values: list[Op] = [("+", 1, 0, 1), ("0", 0, 3, 8), ("+", 2, 4, 4), ("+", 3, 5, 5)]
    opened: list[Op] = [("-", 0, called, OPEN_NS) for called in (6, 7, 9)]
    assert core(*values, *opened, in_order=in_order) == tuple(range(7))


def test_a_value_enqueued_twice_is_another_class_if_it_was_taken() -> None:
    assert judge(("+", 1, 0, 1), ("+", 1, 2, 3), ("-", 1, 4, 5)) is None
    assert legal(("+", 1, 0, 1), ("+", 1, 2, 3)) == [0, 1]


def long_history(seed: int, count: int, clients: int, in_order: bool) -> list[Op]:
    """Legal by construction: operations take effect at a moment of their interval."""
    dice = random.Random(seed)
    ready = [dice.randint(0, 50) for _ in range(clients)]
    moments = []
    for number in range(count):
        client = min(range(clients), key=ready.__getitem__)
        call = ready[client]
        ret = call + dice.randint(1, 100)
        ready[client] = ret + dice.randint(0, 20)
        moments.append((dice.uniform(call, ret), number, call, ret))
    inside: deque[int] = deque()
    ops: list[Op] = []
    for _, number, call, ret in sorted(moments):
        if dice.random() < 0.5:
            inside.append(number)
            ops.append(("+", number, call, ret))
        elif inside:
            if not in_order:
                inside.rotate(dice.randint(0, 3))
            ops.append(("-", inside.popleft(), call, ret))
        else:
            ops.append(("0", 0, call, ret))
    return sorted(ops, key=lambda op: op[2])


@pytest.mark.parametrize("in_order", [True, False])
def test_long_histories(in_order: bool) -> None:
    for seed in range(6):
        ops = long_history(seed, 5_000, 10, in_order)
        order = legal(*ops, in_order=in_order)
        assert sorted(order) == list(range(len(ops))), f"seed {seed}"
        inside: dict[int, None] = {}
        called = 0
        for row in order:
            f, value, call, ret = ops[row]
            called = max(called, call)
            assert ret >= called, f"seed {seed}: row {row} comes too late"
            if f == "+":
                inside[value] = None
            elif f == "-":
                assert not in_order or next(iter(inside)) == value, f"seed {seed}: row {row}"
                del inside[value]
            else:
                assert not inside, f"seed {seed}: row {row}"


def test_two_values_that_swapped_places_in_a_long_history() -> None:
    swapped = 0
    for seed in range(30):
        ops = long_history(seed, 1_000, 5, in_order=True)
        made = {op[1]: op for op in ops if op[0] == "+"}
        taken = [i for i, op in enumerate(ops) if op[0] == "-"]
        dice = random.Random(seed)
        i, j = sorted(dice.sample(taken, 2))
        a, b = ops[i], ops[j]
        if not (made[a[1]][3] < made[b[1]][2] and a[3] < b[2] and made[b[1]][2] <= a[3]):
            continue
        ops[i], ops[j] = (a[0], b[1], a[2], a[3]), (b[0], a[1], b[2], b[3])
        assert len(core(*ops)) <= 4, f"seed {seed}"
        swapped += 1
    assert swapped >= 3
