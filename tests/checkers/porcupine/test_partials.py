"""Partial linearizations, beside brute force."""

from __future__ import annotations

import random
from typing import Any

import pytest

from checkers.lincheck import partials
from checkers.lincheck.partials import NONE, along, search
from checkers.lincheck.porcupine import CheckResult, Operation, check_operations_verbose
from checkers.lincheck.states import Item
from tests.checkers.porcupine.samples import GET, REGISTER, Put, illegal, random_register
from tests.checkers.porcupine.test_logs import assert_orders_are_legal


class Table:
    """A machine out of a table: (state, op) -> state, illegal where there is none."""

    def __init__(self, table: dict[tuple[int, int], int]) -> None:
        self.initial = 0
        self.table = table

    def step(self, at: int, op: int) -> int:
        """The next state."""
        return self.table.get((at, op), -1)


def random_question(seed: int) -> tuple[list[Item], Table]:
    """Up to seven items, some of them open, over a random machine of three states."""
    dice = random.Random(seed)
    table = {
        (s, op): dice.choice((s, s, *range(3))) for s in range(3) for op in range(4) if dice.random() < 0.6
    }
    items = []
    for _ in range(dice.randrange(8)):
        call = dice.randrange(10)
        required = dice.random() < 0.8
        end = call + dice.randrange(6) if required else 2**63 - 1
        items.append(Item(dice.randrange(4), call, end, required, reads_only=False))
    calm = {op for op in range(4) if all(table.get((s, op), s) == s for s in range(3))}
    items = [item._replace(reads_only=item.op in calm) for item in items]
    return items, Table(table)


def every_order(items: list[Item], machine: Table) -> list[list[int]]:
    """All legal orders of any of the items that respect real time."""
    found: list[list[int]] = []

    def go(order: list[int], at: int) -> None:
        found.append(order)
        left = [i for i in range(len(items)) if i not in order]
        bound = min((items[i].return_ns for i in left if items[i].required), default=2**63)
        for i in left:
            if items[i].call_ns <= bound and machine.step(at, items[i].op) >= 0:
                go([*order, i], machine.step(at, items[i].op))

    go([], machine.initial)
    return found


@pytest.mark.parametrize("window", [0, 1, 64])
def test_every_item_gets_the_longest_order_that_contains_it(
    window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partials, "WINDOW", window)
    kinds = set()
    for seed in range(600):
        items, machine = random_question(seed)
        orders = every_order(items, machine)
        required = {i for i, item in enumerate(items) if item.required}
        legal = any(required <= set(order) for order in orders)
        found = search(items, machine, 100_000)
        kinds.add(legal)
        assert found.complete
        assert found.full is legal, seed
        for leaf in found.leaves():
            assert found.path(leaf) in orders, seed
        if legal:
            assert required <= set(found.path(found.best)), seed
            continue
        longest = max(orders, key=len)
        assert (len(found.path(found.best)) if found.best != NONE else 0) == len(longest), seed
        for i in range(len(items)):
            best = max((len(order) for order in orders if i in order), default=0)
            path = found.path(found.leaf[i])
            assert len(path) == best, (seed, i)
            assert best == 0 or i in path, (seed, i)
    assert kinds == {True, False}


def test_the_tree_is_no_larger_than_what_it_shows() -> None:
    for seed in range(100):
        items, machine = random_question(seed)
        found = search(items, machine, 100_000)
        shown = {tuple(found.path(leaf)[:n]) for leaf in found.leaves() for n in range(1, len(items) + 1)}
        assert len(found.items) == len(shown), seed
        assert all(parent < k for k, parent in enumerate(found.parents))
        for k, state in enumerate(found.states):
            before = machine.initial if found.parents[k] == NONE else found.states[found.parents[k]]
            assert machine.step(before, items[found.items[k]].op) == state


@pytest.mark.parametrize("steps", [0, 1, 5, 50])
def test_a_spent_budget_is_said_and_what_was_found_is_true(steps: int) -> None:
    short = 0
    for seed in range(100):
        items, machine = random_question(seed)
        found = search(items, machine, steps)
        assert found.steps <= steps
        orders = every_order(items, machine) if not found.complete else []
        short += not found.complete
        for leaf in found.leaves() if orders else []:
            assert found.path(leaf) in orders
        exact = search(items, machine, 100_000)
        if found.complete:
            assert found.full is exact.full
            assert found.full or found.leaf == exact.leaf
        else:
            assert not found.full
    assert short or steps == 50


def test_a_witness_becomes_one_path() -> None:
    items, machine = [Item(0, 0, 5, True, False), Item(1, 0, 5, True, False)], Table({(0, 1): 1, (1, 0): 2})
    found = along([1, 0], items, machine)
    assert (found.path(found.best), found.states, found.leaf, found.full) == ([1, 0], (1, 2), (1, 1), True)
    with pytest.raises(ValueError, match="not legal at item 0"):
        along([0, 1], items, machine)


def test_porcupines_second_example() -> None:
    result, info = check_operations_verbose(REGISTER, illegal())
    assert result == CheckResult.ILLEGAL
    assert info.partial_linearizations() == [[[0, 1]]]
    assert info.complete
    assert_orders_are_legal(REGISTER, info)


def test_crashed_operations_do_not_blow_the_masks_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A put without an answer from the start to the end: in one mask it would hold everything back."""
    sizes: list[int] = []
    real = partials._Search._placed

    def placed(self: Any, frame: Any, move: int) -> tuple[int, int, int]:
        found = real(self, frame, move)
        sizes.append(found[1].bit_length() + found[2].bit_length())
        return found

    monkeypatch.setattr(partials._Search, "_placed", placed)
    history = [Operation(9, Put(7), 0, "?", 10**9), *random_register(1, 1_500, 5, wrong=0)]
    history.append(Operation(3, GET, 10**8, 55, 10**8 + 1))
    result, info = check_operations_verbose(REGISTER, history)
    assert result == CheckResult.ILLEGAL
    assert len(info.partial_linearizations()[0][0]) >= 1_500
    assert max(sizes) <= 80


def test_three_thousand_operations_stay_small() -> None:
    """The history whose page reached gigabytes: an early lie, so that every operation has an order of its
    own.
    """
    history = random_register(4, 3_000, 8, wrong=0)
    broken = next(i for i, o in enumerate(history) if i > 2_000 and o.input == GET)
    history[broken] = Operation(0, GET, history[broken].call, 99, history[broken].return_)
    result, info = check_operations_verbose(REGISTER, history)
    assert result == CheckResult.ILLEGAL
    assert len(info.partitions[0].partials.items) < 60_000
    assert_orders_are_legal(REGISTER, info)
