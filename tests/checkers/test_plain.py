"""plain(): verdicts of plain classes, that they equal those of the built-in models, and every mistake's
message.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import UNKNOWN, CasRegister, Model, ModelError, check, fault_of
from checkers.lincheck.models import FifoQueue
from checkers.lincheck.plain import load, plain
from checkers.verdict import Invalid, Valid


class Stack:
    """The example of the documentation."""

    init = ()
    reads = ("top",)

    def push(self, state: Any, value: Any) -> Any:
        return (*state, value), None

    def pop(self, state: Any) -> Any:
        return (state[:-1], state[-1]) if state else None

    def top(self, state: Any) -> Any:
        return (state, state[-1]) if state else None


class Cas:
    """A compare-and-set register, to be compared with the one that comes with the checker."""

    init = None
    reads = "read"
    name = "my-cas"

    def read(self, state: Any) -> Any:
        return state, state

    def write(self, state: Any, value: Any) -> Any:
        return value, None

    def cas(self, state: Any, old: Any, new: Any) -> Any:
        same = type(old) is type(state) and old == state
        return (new, True) if same else (state, False)


class Queue:
    """A queue, ditto."""

    def init(self) -> Any:
        return ()

    def enqueue(self, state: Any, value: Any) -> Any:
        return (*state, value), None

    def dequeue(self, state: Any) -> Any:
        return (state[1:], state[0]) if state else (state, None)


def step(state: Any, f: str, input: Any, output: Any) -> Any:
    """A register as one function."""
    if f == "write":
        return ("value", input)
    if f == "read":
        return state if output is UNKNOWN or state == ("value", output) else None
    raise ValueError(f"no operation {f}")


def op(i: int, f: str, given: Any, answer: Any, call: int, end: int | None) -> Op:
    outcome = Outcome.INFO if end is None else Outcome.OK
    return Op(i, i, f, None, given, answer, outcome, call, OPEN_NS if end is None else end)


def judged(model: Model, *calls: tuple[str, Any, Any]) -> type:
    """The verdict on `calls`, one after the other."""
    ops = [op(i, *call, 2 * i, 2 * i + 1) for i, call in enumerate(calls)]
    return type(check(History.of(ops), model))


def test_a_stack() -> None:
    model = plain(Stack)
    pushes = [("push", 1, None), ("push", True, None)]
    assert judged(model, *pushes, ("top", None, True), ("pop", None, True), ("pop", None, 1)) is Valid
    assert judged(model, *pushes, ("pop", None, 1)) is Invalid
    assert judged(model, ("pop", None, None)) is Invalid
    assert model.name == "Stack"
    assert model.reads_only("top", None, UNKNOWN)
    assert not model.reads_only("pop", None, UNKNOWN)
    full = model.step(model.initial(), "push", "a", None)[0]
    assert model.describe_state(full) == '["a"]'
    assert model.describe_op("push", 1, None, Outcome.OK) == "push 1"
    assert model.describe_op("pop", None, UNKNOWN, Outcome.INFO) == "pop → ?"
    assert (
        model.why_not(full, "pop", None, 1)
        == 'pop → 1 is illegal, as the state is ["a"]: it answers "a" there'
    )
    assert model.why_not(model.initial(), "pop", None, 1) == "pop → 1 is illegal, as the state is []"


def wild(rng: random.Random, kind: str) -> History:
    """A few concurrent operations with any answers, some crashed."""
    ops = []
    for i in range(rng.randint(1, 6)):
        call = rng.randint(0, 8)
        end = None if rng.random() < 0.2 else call + rng.randint(0, 5)
        values: list[Any] = [None, 1, True, "a"]
        if kind == "queue":
            f, given = rng.choice([("enqueue", rng.choice(values[1:3])), ("dequeue", None)])
            answer = rng.choice([None, *values[1:3]]) if f == "dequeue" and end is not None else None
        else:
            pair = [rng.choice(values[:3]), rng.choice(values[:3])]
            f, given = rng.choice([("read", None), ("write", rng.choice(values)), ("cas", pair)])
            answer = {"read": rng.choice(values), "write": None, "cas": rng.random() < 0.5}[f]
        ops.append(op(i, f, given, None if end is None else answer, call, end))
    return History.of(ops)


@pytest.mark.parametrize("kind", ["cas", "queue"])
def test_plain_classes_get_the_verdicts_of_the_models_that_come_with_the_checker(kind: str) -> None:
    ours: Model = FifoQueue() if kind == "queue" else CasRegister(failed_cas="observation")
    theirs = plain(Queue if kind == "queue" else Cas)
    kinds = {Valid: 0, Invalid: 0}
    for seed in range(1500):
        history = wild(random.Random(seed), kind)
        one, two = check(history, ours, explain=False), check(history, theirs, explain=False)
        assert type(one) is type(two), f"seed {seed}, kind {kind}: {list(history)}"
        kinds[type(two)] += 1
        if isinstance(two, Valid):
            ((_, order),) = two.witness
            assert fault_of(order, history, ours) is None, f"seed {seed}, kind {kind}"
    assert min(kinds.values()) > 150, kinds


def test_a_function_and_a_mapping() -> None:
    one = plain(step, init=("value", None), reads=["read"])
    assert judged(one, ("write", 1, None), ("read", None, 1)) is Valid
    assert judged(one, ("write", 1, None), ("read", None, 2)) is Invalid
    assert one.name == "step"
    crashed = [op(0, "write", 5, None, 0, None), op(1, "read", None, 5, 1, 2)]
    assert isinstance(check(History.of(crashed), one), Valid)
    with pytest.raises(
        ModelError, match=r"raed in the state \[.value., nil\] raises ValueError: no operation raed"
    ):
        judged(one, ("raed", None, 1))
    many = plain(
        {"roll": lambda state: [(n, n) for n in (1, 2)], "last": lambda state: (state, state)}, init=0
    )
    assert judged(many, ("last", None, 0), ("roll", None, 2), ("last", None, 2)) is Valid
    assert judged(many, ("roll", None, 3)) is Invalid
    assert judged(many, ("roll", None, 1), ("last", None, 2)) is Invalid
    lax = plain({"touch": lambda state, *what: (len(what), ...)}, init=0)
    assert judged(lax, ("touch", [1, 2], "whatever"), ("touch", None, 5)) is Valid
    assert lax.why_not(lax.initial(), "touch", None, 5) == "touch → 5 is illegal, as the state is 0"


def test_states_that_python_takes_for_equal_are_told_apart() -> None:
    """True == 1 == 1.0 in Python; a state that is one of them must not become another."""

    @dataclass(frozen=True)
    class Box:
        value: Any

    keep = plain(
        {"put": lambda s, v: (Box(v), None), "kind": lambda s: (s, type(s.value).__name__)}, init=Box(0)
    )
    nest = plain(
        {
            "put": lambda s, v: ((frozenset([v]),), None),
            "kind": lambda s: (s, type(next(iter(s[0]))).__name__),
        }
    )
    for model in (keep, nest):
        for values in ([1, True], [True, 1], [1, 1.0], [0, False]):
            calls: list[Any] = []
            for value in values:
                calls += [("put", value, None), ("kind", None, type(value).__name__)]
            assert judged(model, *calls) is Valid, values
    assert keep.step(keep.initial(), "put", 1, None) != keep.step(keep.initial(), "put", True, None)


class Counting:
    """Not deterministic: it counts its calls."""

    init = 0
    calls = 0

    def tick(self, state: Any) -> Any:
        Counting.calls += 1
        return Counting.calls, None


class NotEqual:
    """Its states have no equality."""

    init = 0

    def tick(self, state: Any) -> Any:
        return object.__new__(NotEqual), None


WRONG = {
    "list state": lambda s, v: ([*s, v], None),
    "no pair": lambda s, v: v,
    "raises": lambda s, v: (s, 1 / 0),
    "bad answer": lambda s, v: (s, frozenset([v])),
    "changes": lambda s, v: (v.append(1) or s, None),
    "writes": lambda s, v: ((*s, v), None),
    "two": lambda s, a, b: (s, None),
}


@pytest.mark.parametrize(
    ("f", "given", "message"),
    [
        (
            "list state",
            1,
            r"model wrong: list state 1 in the state \[\] gives a state that cannot be hashed .*tuple",
        ),
        ("no pair", 7, r"gives 7; return \(new_state, answer\), or None where it is illegal"),
        ("raises", 1, "raises 1 in the state .* raises ZeroDivisionError"),
        ("bad answer", 1, r"answers \{1\}; an answer is a JSON value"),
        ("changes", [1], "changes its input; make a copy"),
        ("writes", 1, r"writes 1 in the state \[\] changes the state to \[1\], but is in `reads`"),
        ("two", 1, "two takes a list of 2 as input, not 1"),
        ("two", [1], r"two takes a list of 2 as input, not \[1\]"),
        ("twoo", [1, 2], "knows no operation 'twoo'; it knows .*; did you mean two"),
    ],
)
def test_mistakes_in_an_operation(f: str, given: Any, message: str) -> None:
    model = plain(WRONG, init=(), reads=["writes"], name="wrong")
    with pytest.raises(ModelError, match=message):
        judged(model, (f, given, None))


def test_more_mistakes() -> None:
    with pytest.raises(ModelError, match="pop takes no input, not 3"):
        judged(plain(Stack), ("pop", 3, 1))
    with pytest.raises(ModelError, match=r"tick in the state 0 gives \[1, nil\] once and \[2, nil\] then"):
        judged(plain(Counting), ("tick", None, None))
    with pytest.raises(ModelError, match="its states have __eq__"):
        judged(plain(NotEqual), ("tick", None, None))
    for what, message in (
        ({}, "has no operations"),
        ({"read": 5}, "read is 5, not a function"),
        ({"read": lambda: None}, "must take the state"),
        ({"read": lambda s, *, k: None}, "must take the state"),
        (type("A", (), {}), "A has no `init`"),
        (type("B", (), {"init": []}), "cannot be hashed"),
        (type("C", (), {"__init__": lambda self, x: None}), r"C\(\) raises TypeError"),
        (type("D", (), {"init": lambda self: 1 / 0}), "raises ZeroDivisionError"),
        (type("E", (), {"init": 0, "reads": "raed", "read": lambda self, s: s}), "did you mean read"),
        (5, "int has no `init`"),
    ):
        with pytest.raises(ModelError, match=message):
            plain(what)
    deep: Any = ()
    for _ in range(5000):
        deep = (deep,)
    with pytest.raises(ModelError, match="nested too deeply"):
        plain({"read": lambda s: s}, init=deep)


def test_an_optional_input_and_a_description_of_ones_own() -> None:
    class Counter:
        init = 0

        def add(self, state: Any, by: Any = 1) -> Any:
            return state + by, state + by

        def describe_state(self, state: Any) -> str:
            return f"{state} so far"

    model = plain(Counter())
    assert judged(model, ("add", None, 1), ("add", 2, 3)) is Valid
    assert model.describe_state(model.initial()) == "0 so far"
    with pytest.raises(ModelError, match="knows no operation 'describe_state'"):
        judged(model, ("describe_state", None, None))


def test_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "from checkers.lincheck.models import Mutex\nclass Mine:\n    init = 0\n"
    source += "    def read(self, state):\n        return state, state\nobject = Mine()\n"
    (tmp_path / "mine_for_load.py").write_text(source, encoding="utf-8")
    (tmp_path / "broken_for_load.py").write_text("import no_such_thing\n", encoding="utf-8")
    (tmp_path / "worse_for_load.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert load("mine_for_load:Mine").name == "Mine"
    assert load("mine_for_load:object").name == "Mine"
    assert load("mine_for_load:Mutex").name == "mutex"
    assert load(f"{tmp_path}/mine_for_load.py:Mine").name == "Mine"
    for where, message in (
        ("mine_for_load", "write package.module:Class"),
        ("mine_for_load:", "write package.module:Class"),
        ("mine_for_load:Mien", "has no 'Mien'; did you mean Mine"),
        ("no_such_module:Mine", "there is no module 'no_such_module'; is its folder on the path"),
        ("broken_for_load:Mine", "broken_for_load cannot be imported: No module named 'no_such_thing'"),
        ("worse_for_load:Mine", "cannot be imported: SystemExit: 3"),
        (f"{tmp_path}/nothing.py:Mine", "there is no file"),
        ("..:Mine", "cannot be imported"),
    ):
        with pytest.raises(ModelError, match=message):
            load(where)
    assert "mine_for_load" in sys.modules
