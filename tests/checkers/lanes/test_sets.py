"""Sets: ties, cores, silent and open operations, and long histories; and sets that only grow."""

from __future__ import annotations

import random

import pytest

from checkers.history import OPEN_NS
from checkers.lincheck.lanes import sets
from checkers.lincheck.lanes.result import Decided
from tests.checkers.lanes.brute import column

NEVER = OPEN_NS
Op = tuple[
    str, int, bool | None, int, int
]  # "+" add, "-" remove, "?" contains; element; answer; call; return
WORDS = {"+": sets.ADD, "-": sets.REMOVE, "?": sets.CONTAINS}


def judge(*ops: Op) -> Decided | None:
    """What the lane for sets says."""
    return sets.unordered_set(
        column(op[3] for op in ops),
        column(op[4] for op in ops),
        column(WORDS[op[0]] for op in ops),
        column(op[1] for op in ops),
        column(sets.NO_ANSWER if op[2] is None else int(op[2]) for op in ops),
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


@pytest.mark.parametrize(("called", "right"), [(3, True), (4, False)])
def test_an_element_that_is_missed(called: int, right: bool) -> None:
    ops = ("+", 7, True, 0, 3), ("?", 7, False, called, 6), ("?", 8, False, 7, 8)
    if right:
        assert legal(judge(*ops)) == [1, 0, 2] or legal(judge(*ops)) == [1, 2, 0]
    else:
        assert core(judge(*ops)) == (0, 1)


@pytest.mark.parametrize(("back", "right"), [(2, False), (3, True)])
def test_an_element_that_is_seen_too_early(back: int, right: bool) -> None:
    ops = ("?", 7, True, 0, back), ("+", 7, True, 3, 5)
    if right:
        assert legal(judge(*ops)) == [1, 0]
    else:
        assert core(judge(*ops)) == (0, 1)


def test_adds_and_removes_that_succeed_alternate() -> None:
    assert core(judge(("+", 1, True, 0, 1), ("+", 1, True, 2, 3))) == (0, 1)
    assert legal(judge(("+", 1, True, 0, 1), ("-", 1, True, 0, 3), ("+", 1, True, 2, 3))) == [0, 1, 2]
    assert core(judge(("-", 1, True, 0, 1))) == (0,)
    assert core(judge(("+", 1, False, 0, 1))) == (0,)


def test_the_turn_that_must_return_first_is_placed_first() -> None:
    ops: list[Op] = [("+", 1, True, 0, 9), ("+", 1, True, 1, 3), ("?", 1, True, 2, 2)]
    assert legal(judge(*ops, ("-", 1, True, 4, 5), ("?", 1, True, 9, 10))) == [1, 2, 3, 0, 4]


def test_operations_without_an_answer() -> None:
    assert legal(judge(("+", 1, None, 0, 1), ("+", 1, None, 2, 3), ("?", 1, True, 4, 5))) == [0, 1, 2]
    assert core(judge(("+", 1, None, 0, 1), ("?", 1, False, 4, 5))) == (0, 1)
    both: list[Op] = [("+", 1, None, 0, 9), ("-", 1, None, 0, 9), ("+", 1, None, 0, 9)]
    assert len(legal(judge(*both, ("?", 1, True, 1, 2), ("?", 1, False, 3, 4), ("?", 1, True, 5, 6)))) == 6
    many: list[Op] = [("+", 1, None, 0, 9), ("-", 1, None, 0, 9)] * 5
    assert judge(*many) is None
    assert core(judge(*many, ("?", 2, True, 10, 11))) == (10,)


def test_open_operations() -> None:
    assert legal(judge(("+", 1, None, 0, NEVER), ("?", 1, False, 1, 2))) == [1]
    assert legal(judge(("+", 1, None, 0, NEVER), ("?", 1, True, 1, 2), ("?", 1, None, 1, NEVER))) == [0, 1]
    assert core(judge(("+", 1, None, 0, NEVER), ("?", 1, True, 1, 2), ("?", 1, False, 3, 4))) == (1, 2)


def test_many_open_operations_are_no_reason_to_give_up() -> None:
    ops: list[Op] = [("+", 1, None, 0, NEVER), ("-", 1, None, 0, NEVER)] * 5
    asked: list[Op] = [("?", 1, bool(i % 2), i, i) for i in range(10)]
    assert len(legal(judge(*ops, *asked))) == 10 + 9
    assert core(judge(*ops, *[("?", 1, bool(i % 2), i, i) for i in range(14)]))


def long_history(seed: int, count: int, elements: int) -> list[Op]:
    """Legal by construction: operations take effect at a moment of their interval."""
    dice = random.Random(seed)
    moments = []
    for client in range(10):
        now = client
        for _ in range(count // 10):
            call, now = now + dice.randint(0, 9), now + 10 + dice.randint(0, 9)
            moments.append((dice.uniform(call, now), call, now))
    inside: set[int] = set()
    ops: list[Op] = []
    for _, call, ret in sorted(moments):
        f, element = dice.choice("+-?"), dice.randrange(elements)
        answer = (element in inside) != (f == "+")
        ops.append((f, element, answer, call, ret))
        (inside.add if f == "+" else inside.discard)(element) if f != "?" else None
    return sorted(ops, key=lambda op: op[3])


def test_long_histories() -> None:
    for seed in range(4):
        ops = long_history(seed, 8_000, 20)
        inside: set[int] = set()
        called = 0
        order = legal(judge(*ops))
        assert sorted(order) == list(range(len(ops)))
        for row in order:
            f, element, answer, call, ret = ops[row]
            called = max(called, call)
            assert ret >= called, f"seed {seed}: row {row} comes too late"
            assert answer == ((element in inside) != (f == "+")), f"seed {seed}: row {row}"
            if f == "+":
                inside.add(element)
            elif f == "-":
                inside.discard(element)


def test_one_wrong_answer_at_the_end_of_a_long_history() -> None:
    for seed in range(4):
        ops = long_history(seed, 3_000, 30)
        end = max(op[4] for op in ops)
        for element in range(3):
            asked: list[Op] = [("?", element, answer, end + 1, end + 2) for answer in (True, False)]
            both = core(judge(*ops, *asked))
            assert {ops[i][1] for i in both if i < len(ops)} <= {element}, f"seed {seed}"
            assert len(ops) in both or len(ops) + 1 in both, f"seed {seed}"


Grow = tuple[int | set[int], int, int]  # an element that is added, or what a read saw; call; return


def grow(*ops: Grow) -> Decided | None:
    """What the lane for sets that only grow says."""
    return sets.grow_only(
        column(op[1] for op in ops),
        column(op[2] for op in ops),
        column((isinstance(op[0], int) for op in ops), bool),
        column(op[0] if isinstance(op[0], int) else -1 for op in ops),
        [None if isinstance(op[0], int) or op[2] == NEVER else frozenset(op[0]) for op in ops],
    )


def test_reads_of_the_whole_set_form_a_chain() -> None:
    assert legal(grow()) == []
    assert legal(grow((1, 0, 9), (2, 0, 9), ({2}, 1, 2), ({1, 2}, 3, 4), (set(), 0, 1))) == [4, 1, 2, 0, 3]
    assert core(grow((1, 0, 9), (2, 0, 9), ({2}, 1, 2), ({1}, 3, 4))) == (2, 3)
    assert core(grow((1, 0, 9), ({1}, 1, 2), (set(), 3, 4))) == (1, 2)
    assert core(grow((1, 0, 9), ({1, 5}, 1, 2))) == (1,)


@pytest.mark.parametrize(("called", "right"), [(3, True), (4, False)])
def test_a_read_that_misses_an_element(called: int, right: bool) -> None:
    ops: tuple[Grow, ...] = ((1, 0, 3), (set(), called, 6))
    assert legal(grow(*ops)) == [1, 0] if right else core(grow(*ops)) == (0, 1)


@pytest.mark.parametrize(("back", "right"), [(3, True), (2, False)])
def test_a_read_that_sees_an_element_too_early(back: int, right: bool) -> None:
    ops: tuple[Grow, ...] = (({1}, 0, back), (1, 3, 4))
    assert legal(grow(*ops)) == [1, 0] if right else core(grow(*ops)) == (0, 1)


def test_a_later_element_without_an_earlier_one() -> None:
    assert core(grow((1, 0, 1), (2, 2, 9), ({2}, 0, 9))) == (0, 1, 2) or core(
        grow((1, 0, 1), (2, 2, 9), ({2}, 0, 9))
    ) == (0, 2)
    assert core(grow((1, 0, 1), (2, 2, 9), ({2}, 0, 9), ({1, 2}, 8, 9))) == (0, 1, 2)


def test_open_adds_of_a_set_that_only_grows() -> None:
    assert legal(grow((1, 0, NEVER), (2, 0, NEVER), ({2}, 1, 2), ({7}, 1, NEVER))) == [1, 2]
    assert grow((1, 0, 1), (1, 0, 1), ({1}, 1, 2)) is None
    assert legal(grow((1, 0, 1), (1, 0, 1), (set(), 0, 2))) == [2, 0, 1]
