"""What is presumed of operations saves work and never decides anything."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest

from checkers.lincheck.porcupine import (
    CheckResult,
    Model,
    Operation,
    check_operations,
    check_operations_verbose,
    checking,
    deciding,
)
from checkers.lincheck.porcupine import closure as closure_module
from checkers.lincheck.porcupine.presuming import Presumed, presume
from checkers.lincheck.porcupine.reading import read
from checkers.lincheck.replay import fault_of
from checkers.verdict import Unknown, Valid
from tests.checkers.porcupine.samples import GET, REGISTER, Put, illegal, legal, random_register
from tests.checkers.porcupine.test_api import brute_force


@pytest.fixture
def unknown_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of any operation, as for a model with too many states."""
    monkeypatch.setattr(closure_module, "MOST_STATES", 0)


def random_question(seed: int) -> tuple[Model, list[Operation]]:
    """A random machine whose operations mostly leave the state alone, and seven operations of five inputs."""
    dice = random.Random(seed)
    inputs, outputs, states = range(5), range(2), range(4)
    table: dict[Any, tuple[bool, int]] = {}
    for state in states:
        for input in inputs:
            for output in outputs:
                after = dice.randrange(4) if input > 2 or dice.random() < 0.2 else state
                table[state, input, output] = (dice.random() < 0.6, after)
    history = []
    for _ in range(7):
        call = dice.randrange(12)
        end = call + dice.randrange(8)
        history.append(Operation(0, dice.choice(inputs), call, dice.choice(outputs), end))
    return Model(init=lambda: 0, step=lambda s, i, o: table[s, i, o]), history


@pytest.mark.usefixtures("unknown_states")
def test_random_machines_get_the_verdict_of_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    presumed = []
    real = deciding._presumed

    def watched(*given: Any) -> Any:
        found = real(*given)
        presumed.append(bool(found[0]))
        return found

    monkeypatch.setattr(deciding, "_presumed", watched)
    seen = set()
    for seed in range(250):
        model, history = random_question(seed)
        expected = brute_force(model, history)
        seen.add(expected)
        assert check_operations(model, history) is expected, f"random_question({seed})"
        result, info = check_operations_verbose(model, history)
        assert (result == CheckResult.OK) is expected, f"random_question({seed})"
        assert info.complete
    assert seen == {True, False}
    assert {True, False} == set(presumed)


def test_partitions_beside_an_illegal_one_are_decided_by_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PARTIAL_STEPS", 0)
    monkeypatch.setattr(checking, "PARTIAL_STEPS_EACH", 0)
    model = dataclasses.replace(REGISTER, partition=lambda history: [history[:3], history[3:]])
    _, info = check_operations_verbose(model, [*illegal(), *legal()])
    assert [part.result for part in info.partitions] == [CheckResult.ILLEGAL, CheckResult.OK]
    assert info.partial_linearizations() == [[], [[2, 0, 1]]]


def rarely_writes(state: int, input: Any, output: Any) -> tuple[bool, int]:
    """A get that empties the register once it holds 7: it looks like a read nearly everywhere."""
    if isinstance(input, Put):
        return True, input.value
    return output == state, 0 if state == 7 else state


@pytest.mark.usefixtures("unknown_states")
def test_a_read_that_writes_in_one_state_is_found_out() -> None:
    model = Model(init=lambda: 0, step=rarely_writes)
    first = [Operation(0, GET, t, 0, t) for t in range(5)]
    seven = [Operation(0, Put(7), 10, None, 11), Operation(1, GET, 12, 7, 13)]
    assert check_operations(model, [*first, *seven, Operation(2, GET, 14, 0, 15)])
    assert not check_operations(model, [*first, *seven, Operation(2, GET, 14, 7, 15)])


def test_a_history_of_unique_values_is_decided_fast() -> None:
    """Without knowing which operations only read, a depth-first search takes millions of steps for this."""
    history = random_register(8, 1_000, 10, values=10**9, wrong=0)
    asked = 0

    def step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        nonlocal asked
        asked += 1
        return REGISTER.step(state, input, output)

    assert check_operations(Model(init=lambda: 0, step=step), history)
    assert asked < 15_000
    sequential = [
        Operation(0, Put(n // 2) if n % 2 == 0 else GET, n, None if n % 2 == 0 else n // 2, n)
        for n in range(400)
    ]
    sequential[399] = dataclasses.replace(sequential[399], output=7)
    assert not check_operations(REGISTER, sequential)


@pytest.mark.usefixtures("unknown_states")
def test_an_order_that_does_not_hold_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is made to lie while it works with presumptions, and only then."""
    real = deciding.check
    asked = []

    def lies(history: Any, model: Any, **rest: Any) -> Any:
        honest = real(history, model, **rest)
        asked.append(len(history))
        return Valid(len(history), ((0, (0, 1, 2)),)) if len(asked) == 1 else honest

    monkeypatch.setattr(deciding, "check", lies)
    history = [Operation(0, GET, 0, 0, 1), Operation(0, Put(1), 2, None, 3), Operation(0, GET, 4, 0, 5)]
    assert not check_operations(REGISTER, history)
    assert asked == [3, 3, 3]


@pytest.mark.usefixtures("unknown_states")
def test_what_presumptions_leave_open_is_judged_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    real = deciding.check
    limits = []

    def tired(history: Any, model: Any, **rest: Any) -> Any:
        limits.append(rest["limits"].time_s)
        return Unknown("tired", len(history)) if len(limits) == 1 else real(history, model, **rest)

    monkeypatch.setattr(deciding, "check", tired)
    history = random_register(1, 20, 3, wrong=0)
    assert check_operations_verbose(REGISTER, history, 6)[0] == CheckResult.OK
    assert set(limits) == {2}
    assert 2 <= len(limits) <= 3


@pytest.mark.usefixtures("unknown_states")
def test_a_model_that_fails_only_while_presuming_is_not_in_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_call_order(history: Any, model: Any, **_: Any) -> Valid:
        order = (1, 0, 2, 3)
        assert fault_of(order, history, model) is None
        return Valid(len(history), ((0, order),))

    def step(state: int, input: Any, output: Any) -> tuple[bool, Any]:
        assert not (state == 2 and input == Put(1)), "the history never comes from 2 back to 1"
        return REGISTER.step(state, input, output)

    model = Model(init=lambda: 0, step=step)
    two, one = Operation(0, Put(2), 0, None, 9), Operation(1, Put(1), 0, None, 10)
    history = [Operation(2, GET, 0, 1, 5), one, two, Operation(0, GET, 20, 2, 21)]
    assert presume(read(model, [history])) == Presumed({}, [])
    monkeypatch.setattr(deciding, "check", in_call_order)
    assert check_operations(model, history)
