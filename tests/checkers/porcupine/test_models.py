"""Models in Python: what they may hold, what they may do wrong, and what is found out about them."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np
import pytest

from checkers.lincheck.model import ANY, Guard
from checkers.lincheck.porcupine import Model, ModelError, Operation, check_operations
from checkers.lincheck.porcupine.closure import MOST_STATES, NOWHERE, Closure
from checkers.lincheck.porcupine.moves import Moves
from checkers.lincheck.porcupine.pool import Nameless, Pool, stand_in
from tests.checkers.porcupine.samples import GET, REGISTER, Put, illegal, legal, random_register


@dataclasses.dataclass
class Bag:
    """An unhashable state."""

    items: list[int]


class Plain:
    """A class of a user's own that compares by content and does not hash."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


WRAPPERS: list[Any] = [
    (lambda v: {"value": v, "log": []}, lambda s: s["value"]),
    (lambda v: [v], lambda s: s[0]),
    (lambda v: Bag([v]), lambda s: s.items[0]),
    (Plain, lambda s: s.value),
    (lambda v: {v}, lambda s: next(iter(s))),
    (lambda v: np.array([0 if v is None else v]), lambda s: int(s[0])),
]


@pytest.mark.parametrize(
    ("wrap", "unwrap"), WRAPPERS, ids=["dict", "list", "dataclass", "class", "set", "numpy"]
)
def test_states_of_any_type(wrap: Any, unwrap: Any) -> None:
    def step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        return (True, wrap(input.value)) if isinstance(input, Put) else (output == unwrap(state), state)

    model = Model(init=lambda: wrap(0), step=step)
    if isinstance(wrap(0), np.ndarray):
        model = dataclasses.replace(model, equal=np.array_equal, hash=lambda state: int(state[0]))
    assert check_operations(model, legal())
    assert not check_operations(model, illegal())
    moves = Moves(model)
    put, back = moves.op(legal()[0], "a"), moves.op(Operation(0, Put(0), 0, None, 1), "b")
    assert moves.step(moves.step(moves.step(0, put), back), put) == moves.step(0, put) == 1


def test_inputs_and_outputs_of_any_type() -> None:
    def step(state: int, input: Any, output: Any) -> tuple[bool, int]:
        return (
            (True, input["put"][0])
            if "put" in input
            else (bool(np.array_equal(output, np.array([state]))), state)
        )

    history = [
        Operation("left", {"put": [7]}, 0, Bag([1]), 1),
        Operation("right", {"get": Plain(1)}, 2, np.array([7]), 3),
    ]
    assert check_operations(Model(init=lambda: 0, step=step), history)
    history[1] = dataclasses.replace(history[1], output=np.array([8]))
    assert not check_operations(Model(init=lambda: 0, step=step), history)


def test_what_python_calls_equal_is_kept_apart_where_types_differ() -> None:
    model = Model(init=lambda: None, step=lambda s, i, o: (True, i) if o is None else (type(s) is o, s))
    for written, read, expected in (
        (1, int, True),
        (True, int, False),
        (1.0, int, False),
        ((1,), tuple, True),
    ):
        history = [Operation(0, w, t, None, t) for t, w in enumerate((1, True, 1.0))]
        history += [Operation(0, written, 10, None, 11), Operation(0, GET, 12, read, 13)]
        assert check_operations(model, history) is expected, written


def test_stand_ins_hold_types_and_content() -> None:
    values: list[Any] = [
        1, True, 1.0, "1", None, b"1", (1,), [1], {1}, frozenset({1}), {1: 2}, {1: True}, [[1]], [(1,)],
        Bag([1]), Put(1), Put(True), -0.0, 0.0, (int, 1), int, float("nan"), (), [],
    ]  # fmt: skip
    names = [stand_in(v) for v in values]
    assert len(set(names)) == len(values)
    assert stand_in({1: 2, 3: [4]}) == stand_in({3: [4], 1: 2})
    assert stand_in(Bag([1, 2])) == stand_in(Bag([1, 2]))
    deep: Any = ()
    for _ in range(100_000):
        deep = (deep,)
    for nameless in (Plain(1), deep):
        with pytest.raises(Nameless):
            stand_in(nameless)


def test_a_pool_merges_by_equal_and_asks_hash_first() -> None:
    compared = []

    def equal(one: str, other: str) -> bool:
        compared.append((one, other))
        return one.lower() == other.lower()

    pool = Pool(equal, len)
    assert [pool.number(v) for v in ("a", "A", "bb", "a", "BB", "c")] == [0, 0, 1, 0, 1, 2]
    assert ("a", "bb") not in compared
    assert pool.values == ["a", "bb", "c"]
    arrays = Pool()
    arrays.number(np.array([1, 1]))
    with pytest.raises(
        ModelError, match=r"two values of the type ndarray cannot be compared.*give .* `equal`"
    ):
        arrays.number(np.array([2, 2]))
    with pytest.raises(ModelError, match="hash of the state 'a' failed"):
        Pool(equal, lambda text: 1 // 0).number("a")


def _pop(state: Bag, input: Any, output: Any) -> tuple[bool, Bag]:
    state.items.append(input)
    return True, state


@pytest.mark.parametrize(
    ("step", "init", "message"),
    [
        (
            lambda s, i, o: 1 // 0,
            0,
            r"operation 0 .client 4., 'get' -> 3: step raised ZeroDivisionError.* in the state 0",
        ),
        (lambda s, i, o: True, 0, "step gives a pair .is it legal, the next state., not True"),
        (lambda s, i, o: (1, s), 0, "step gives a pair"),
        (lambda s, i, o: (True, s, s), 0, "step gives a pair"),
        (_pop, Bag([]), r"step changed the state it was given, Bag.items=\[\]., into Bag.items=\['get'\]"),
        (lambda s, i, o: (True, s.append(i) or s), [], "step changed the state it was given"),
    ],
)
def test_a_model_that_errs_is_named_with_the_operation(step: Any, init: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        check_operations(Model(init=lambda: init, step=step), [Operation(4, GET, 0, 3, 1)])


def test_an_init_that_fails_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="init of the model failed: ZeroDivisionError"):
        check_operations(Model(init=lambda: 1 // 0, step=REGISTER.step), legal())


def test_a_promise_to_only_read_is_used_and_watched() -> None:
    asked = dataclasses.replace(REGISTER, reads_only=lambda input, output: input == GET)
    for seed in range(60):
        history = random_register(seed, 12, 4)
        assert check_operations(asked, history) is check_operations(REGISTER, history), (
            f"random_register({seed}, 12, 4)"
        )
    broken = dataclasses.replace(REGISTER, reads_only=lambda input, output: True)
    with pytest.raises(ModelError, match="changes the state, although the model's reads_only"):
        check_operations(broken, legal())
    failing = dataclasses.replace(REGISTER, reads_only=lambda input, output: 1 // 0)
    with pytest.raises(ModelError, match="reads_only raised"):
        check_operations(failing, legal())


def _cas_step(state: int, input: Any, output: Any) -> tuple[bool, int]:
    if input[0] == "cas":
        matches = state == input[1]
        return output == matches, input[2] if matches else state
    if input[0] == "add":
        return True, (state + 1) % 3
    return REGISTER.step(state, input[1], output)


def _closure(*inputs: Any, step: Any = _cas_step, max_steps: int = 10_000) -> tuple[Closure, list[int]]:
    moves = Moves(Model(init=lambda: 0, step=step))
    numbers = [moves.op(Operation(0, i, 0, o, 1), "here") for i, o in inputs]
    assert numbers == list(range(len(inputs)))
    states: list[int] = []
    closure = Closure(moves, max_steps)
    states = moves.states.values
    return closure, states


def test_the_operations_of_a_small_model_are_classified_in_every_state() -> None:
    closure, states = _closure(
        (("put", Put(1)), None),
        (("put", Put(2)), None),
        (("get", GET), 1),
        (("get", GET), 9),
        (("cas", 1, 2), True),
        (("cas", 1, 2), False),
        (("add",), None),
    )
    zero, one, two = (states.index(v) for v in (0, 1, 2))
    assert closure.known
    assert zero == 0
    assert closure.guards == [
        Guard(assign=one),
        Guard(assign=two),
        Guard(expect=one),
        Guard(expect=NOWHERE),
        Guard(expect=one, assign=two),
        Guard(forbid=one),
        None,
    ]
    assert closure.reads_only == [False, False, True, True, False, True, False]
    assert Guard().expect is ANY


@pytest.mark.parametrize("steps", [0, 10])
def test_of_too_many_states_or_steps_nothing_is_said(steps: int) -> None:
    counter = lambda s, i, o: (True, s + 1)  # noqa: E731
    closure, states = _closure((("x",), None), (("y",), None), step=counter, max_steps=steps or 10_000)
    assert not closure.known
    assert closure.guards == [None, None]
    assert len(states) <= MOST_STATES + 1


def test_a_step_that_fails_only_where_the_history_never_goes_does_not_matter() -> None:
    def step(state: int, input: Any, output: Any) -> tuple[bool, int]:
        assert not (state == 2 and input == "one")
        return True, {"one": 1, "two": 2}[input]

    history = [Operation(0, "one", 0, None, 1), Operation(0, "two", 2, None, 3)]
    assert check_operations(Model(init=lambda: 0, step=step), history)
    with pytest.raises(ModelError, match="step raised AssertionError"):
        check_operations(Model(init=lambda: 0, step=step), [*history, Operation(0, "one", 4, None, 5)])


def test_guards_are_the_transitions_of_the_model() -> None:
    dice = random.Random(3)
    for _ in range(200):
        table = {
            (s, op): (dice.random() < 0.6, dice.choice((s, op, dice.randrange(5))))
            for s in range(5)
            for op in range(4)
        }
        moves = Moves(Model(init=lambda: 0, step=lambda s, i, o, t=table: t[s, i]))
        for i in range(4):
            moves.op(Operation(0, i, 0, None, 1), "here")
        closure = Closure(moves, 1_000)
        for op, guard in enumerate(closure.guards):
            for state in range(len(moves.states.values)):
                after = moves.step(state, op)
                if closure.reads_only[op]:
                    assert after in (state, -1)
                if guard is not None:
                    allowed = guard.expect in (ANY, state) and guard.forbid != state
                    assert after == ((state if guard.assign is ANY else guard.assign) if allowed else -1), (
                        table
                    )
