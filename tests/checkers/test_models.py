"""The models: what each allows, that their laws hold in every small state, that they refuse wrong forms."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from checkers.history import Outcome
from checkers.lincheck import UNKNOWN, Model, ModelError
from checkers.lincheck.model import ANY, Guard, Guarded, State
from checkers.lincheck.models import (
    MODELS,
    CasRegister,
    Counter,
    FifoQueue,
    Files,
    KeyValue,
    MultiRegister,
    Mutex,
    Noop,
    Register,
    Set,
    UnorderedQueue,
    canonical,
    named,
    text,
)

Call = tuple[str, Any, Any]
VALUES: list[Any] = [None, 0, 1, True, False, 1.5, "a", [1], [True], {"k": 1}]
BITS = [True, False]


def txns() -> list[Call]:
    """Transactions over two keys with every answer from two values and nil."""
    asked: list[list[list[Any]]] = [
        [["r", "x", None]],
        [["w", "x", 1]],
        [["r", "x", None], ["w", "y", 2]],
        [],
        [["w", "x", None]],
        [["w", "x", 2], ["r", "x", None], ["r", "y", None]],
        [["r", "x", 1]],
    ]
    calls: list[Call] = []
    for txn in asked:
        choices = [[m] if m[0] == "w" else [["r", m[1], v] for v in (None, 1, 2)] for m in txn]
        for answer in itertools.product(*choices):
            if all(m[2] in (None, a[2]) for m, a in zip(txn, answer, strict=True)):
                calls.append(("txn", txn, list(answer)))
    return calls


def file_calls() -> list[Call]:
    """Operations on two paths and two contents, with every answer."""
    paths, contents = ["p", "q"], ["", "a"]
    pairs = [[old, new] for old in paths for new in paths]
    changes: list[Call] = [(f, [p, c], None) for f in ("write", "append") for p in paths for c in contents]
    changes += [("rename", pair, b) for pair in pairs for b in BITS]
    changes += [("remove", p, b) for p in paths for b in BITS]
    known = [None, *contents, "aa"]
    listings: list[list[str]] = [[], ["p"], ["q"], ["p", "q"], ["q", "p"]]
    return changes + [("read", p, v) for p in paths for v in known] + [("list", None, a) for a in listings]


def calls_of(model: Model) -> list[Call]:
    """Operations with every answer that is worth a try."""
    if isinstance(model, CasRegister):
        pairs = [list(pair) for pair in itertools.product([None, 0, 1, True], repeat=2)]
        return [("cas", p, b) for p in pairs for b in BITS] + calls_of(Register())
    if isinstance(model, Register):
        return [("read", None, v) for v in VALUES] + [("write", v, None) for v in VALUES]
    if isinstance(model, KeyValue):
        words = ["", "a", "ab"]
        return [("get", None, w) for w in words] + [(f, w, None) for f in ("put", "append") for w in words]
    if isinstance(model, Mutex):
        return [("acquire", None, None), ("release", None, None)]
    if isinstance(model, FifoQueue | UnorderedQueue):
        return [("enqueue", v, None) for v in VALUES[1:]] + [("dequeue", None, v) for v in VALUES]
    if isinstance(model, Set):
        changes: list[Call] = [(f, v, b) for f in ("add", "remove") for v in (1, True) for b in [*BITS, None]]
        tests: list[Call] = [("contains", v, b) for v in (1, True) for b in BITS]
        return changes + tests + [("read", None, a) for a in ([], [1], [True], [1, True], [True, 1], [1, 1])]
    if isinstance(model, Counter):
        adds: list[Call] = [("add", k, v) for k in (0, 1, -2) for v in (None, *range(-4, 5))]
        return adds + [("read", None, v) for v in range(-4, 5)]
    if isinstance(model, Files):
        return file_calls()
    return [("anything", v, v) for v in VALUES] if isinstance(model, Noop) else txns()


def reached(model: Model, calls: Iterable[Call], rounds: int = 2) -> set[State]:
    """Every state after at most `rounds` operations."""
    known = {model.initial()}
    for _ in range(rounds):
        known |= {
            after
            for state, call in itertools.product(list(known), calls)
            for after in model.step(state, *call)
        }
    return known


ALL: list[Model] = [
    *(make() for make in MODELS.values()),
    Register(1),
    CasRegister(0, failed_cas="did-not-happen"),
    Counter(3, answer="old"),
    MultiRegister({"x": 1}),
]


@pytest.mark.parametrize("model", ALL, ids=lambda m: m.name)
def test_laws_hold_in_every_small_state(model: Model) -> None:
    """An unknown answer leads exactly where some answer leads; what only reads changes nothing."""
    calls = calls_of(model)
    by_input: dict[str, list[Call]] = {}
    for call in calls:
        by_input.setdefault(repr(call[:2]), []).append(call)
    states = reached(model, calls)
    assert len(states) > 1 or isinstance(model, Noop)
    for call in calls:
        for output in (call[2], UNKNOWN):
            if model.reads_only(call[0], call[1], output):
                assert all(set(model.step(s, *call[:2], output)) <= {s} for s in states), call
    for state, group in itertools.product(states, by_input.values()):
        hash(state)
        known = {after for call in group for after in model.step(state, *call)}
        unknown = set(model.step(state, *group[0][:2], UNKNOWN))
        assert known <= unknown, (state, group[0])
        # An operation that only some states allow may also not have happened: then nothing changes.
        assert unknown <= known | {state} | members_left(model, state), (state, group[0])


def members_left(model: Model, state: State) -> set[State]:
    """What a queue may be after a dequeue of a member that no answer among the calls names."""
    if isinstance(model, FifoQueue | UnorderedQueue):
        return set(model.step(state, "dequeue", None, UNKNOWN))
    return set(model.step(state, "read", None, UNKNOWN)) if isinstance(model, Counter) else set()


@pytest.mark.parametrize("model", ALL, ids=lambda m: m.name)
def test_a_guard_says_what_step_does(model: Model) -> None:
    if not isinstance(model, Guarded):
        assert not isinstance(model, Register | KeyValue | Mutex)
        return
    calls = calls_of(model)
    guards = [(call, model.guard(*call)) for call in calls]
    assert any(guard is not None for _, guard in guards)
    for state, (call, guard) in itertools.product(reached(model, calls), guards):
        if guard is None:
            assert call[0] == "append"
            continue
        legal = guard.expect in (ANY, state) and guard.forbid != state
        after = state if guard.assign is ANY else guard.assign
        assert set(model.step(state, *call)) == ({after} if legal else set()), (state, call, guard)
    for call in calls:
        guard = model.guard(call[0], call[1], UNKNOWN)
        if guard is None:
            continue
        if model.reads_only(call[0], call[1], UNKNOWN):
            assert guard == Guard(), call
        for state in reached(model, calls):
            legal = guard.expect in (ANY, state) and guard.forbid != state
            effect = {guard.assign} if legal and guard.assign is not ANY else {state}
            unknown = set(model.step(state, call[0], call[1], UNKNOWN))
            assert unknown | {state} == effect | {state}, (state, call, guard)


def ends(model: Model, *calls: Call) -> set[str]:
    """The states after `calls`, in words; empty if one of them is illegal."""
    states = {model.initial()}
    for f, given, answer in calls:
        model.reads_only(f, given, answer)
        states = {after for state in states for after in model.step(state, f, given, answer)}
    return {model.describe_state(state) for state in states}


def put(*values: Any) -> list[Call]:
    return [("enqueue", v, None) for v in values]


def take(*values: Any) -> list[Call]:
    return [("dequeue", None, v) for v in values]


WRITTEN: list[Call] = [("write", ["p", "a"], None)]
TXN = [["r", "x", None], ["w", "x", 2], ["read", "y", None]]


@pytest.mark.parametrize(
    ("model", "calls", "states"),
    [
        (Register(7), [("read", None, 7)], {"7"}),
        (Register(), [("read", None, 7)], set()),
        (CasRegister(0, failed_cas="observation"), [("cas", [0, 1], True)], {"1"}),
        (Mutex(), [("acquire", None, None)], {"held"}),
        (Mutex(), [("acquire", None, None), ("acquire", None, UNKNOWN)], {"held"}),
        (Mutex(), [("acquire", None, None), ("acquire", None, None)], set()),
        (Mutex(), [("release", None, None)], set()),
        (Mutex(), [("acquire", None, "token 3"), ("release", None, None)], {"free"}),
        (FifoQueue(), put(1, 2) + take(1), {"2"}),
        (FifoQueue(), put(1, 2) + take(2), set()),
        (FifoQueue(), put(1, 1) + take(1, 1, None), {"empty"}),
        (FifoQueue(), put(1) + take(True), set()),
        (FifoQueue(), put(1) + take(None), set()),
        (FifoQueue(), take(1), set()),
        (FifoQueue(), put(1, 2) + take(UNKNOWN), {"2"}),
        (UnorderedQueue(), put(1, 2, 2), {"1, 2 (2 times)"}),
        (UnorderedQueue(), put(1, 2, 2) + take(2, 2), {"1"}),
        (UnorderedQueue(), put(1, 2) + take(2, 2), set()),
        (UnorderedQueue(), put(1, 2) + take(None), set()),
        (UnorderedQueue(), put(1, 2, 2) + take(UNKNOWN), {"1, 2", "2 (2 times)"}),
        (UnorderedQueue(), take(UNKNOWN, None), {"empty"}),
        (Set(), [("add", 1, True), ("add", 1, False), ("add", 1, None), ("contains", 1, True)], {"{1}"}),
        (Set(), [("add", 1, None), ("contains", True, True)], set()),
        (Set(), [("add", 1, None), ("add", 1, True)], set()),
        (Set(), [("add", 1, None), ("remove", 1, True), ("remove", 1, False), ("read", None, [])], {"{}"}),
        (Set(), [("add", 2, None), ("add", "a", None), ("read", None, ["a", 2])], {'{2, "a"}'}),
        (Set(), [("add", 2, None), ("read", None, [2, 2])], set()),
        (Counter(), [("add", 2, None), ("add", 3, 5), ("read", None, 5)], {"5"}),
        (Counter(), [("add", 2, None), ("add", 3, 2)], set()),
        (Counter(answer="old"), [("add", 2, 0), ("add", -3, 2), ("read", None, -1)], {"-1"}),
        (
            Files(),
            [("write", ["p", "a"], None), ("append", ["p", "b"], None), ("read", "p", "ab")],
            {'p: "ab"'},
        ),
        (Files(), [("append", ["p", "b"], None), ("append", ["q", ""], None)], {'p: "b", q: ""'}),
        (Files(), [("read", "p", None), ("list", None, [])], {"no files"}),
        (Files(), [("append", ["p", ""], None), ("read", "p", None)], set()),
        (Files(), [*WRITTEN, ("write", ["q", "b"], None), ("rename", ["p", "q"], True)], {'q: "a"'}),
        (Files(), [("write", ["q", "b"], None), ("rename", ["p", "q"], False)], {'q: "b"'}),
        (Files(), [*WRITTEN, ("rename", ["p", "p"], True)], {'p: "a"'}),
        (Files(), [*WRITTEN, ("rename", ["p", "q"], False)], set()),
        (Files(), [("rename", ["p", "q"], True)], set()),
        (Files(), [*WRITTEN, ("remove", "p", True), ("remove", "p", False)], {"no files"}),
        (Files(), [("write", ["q", "b"], None), *WRITTEN, ("list", None, ["p", "q"])], {'p: "a", q: "b"'}),
        (Files(), [("write", ["q", "b"], None), *WRITTEN, ("list", None, ["q", "p"])], set()),
        (Files(), [*WRITTEN, ("rename", ["p", "q"], UNKNOWN)], {'q: "a"'}),
        (Noop(), [("whatever", {"a": 1}, "b")], {"nil"}),
        (MultiRegister(), [("txn", TXN, [["r", "x", None], ["w", "x", 2], ["r", "y", None]])], {"x: 2"}),
        (MultiRegister({"x": 1}), [("txn", TXN, [["r", "x", None], ["w", "x", 2], ["r", "y", None]])], set()),
        (MultiRegister({"x": 1, 3: 4}), [("txn", TXN, UNKNOWN)], {"3: 4, x: 2"}),
        (MultiRegister({"x": 1}), [("txn", [["w", "x", None]], UNKNOWN)], {"all nil"}),
        (MultiRegister({"x": 1}), [("txn", [["r", "x", 2]], UNKNOWN)], set()),
    ],
)
def test_what_is_legal_and_where_it_leads(model: Model, calls: list[Call], states: set[str]) -> None:
    assert ends(model, *calls) == states


@pytest.mark.parametrize(
    ("name", "call", "message"),
    [
        (
            "register",
            ("raed", None, 1),
            r"knows no operation 'raed'; it knows read, write; did you mean read\?",
        ),
        ("register", ("read", None, float("nan")), "nan is no JSON value"),
        ("register", ("read", {1, 2}, 1), "is no JSON value"),
        ("cas-register", ("cas", 5, True), r"a pair \[old, new\], not 5"),
        ("cas-register", ("cas", [1, 2], 1), "true or false, not 1"),
        ("key-value", ("put", 5, None), "the input of put is a string, not 5"),
        ("mutex", ("lock", None, None), "it knows acquire, release"),
        ("mutex", ("acquire", None, False), "has the outcome FAIL"),
        ("fifo-queue", ("enqueue", None, None), "nil is the answer of an empty queue"),
        ("unordered-queue", ("enqeue", 1, None), "did you mean enqueue"),
        ("set", ("add", 1, 1), "true, false or nothing, not 1"),
        ("set", ("contains", 1, None), "true or false, not None"),
        ("set", ("read", None, 5), "the list of all members, not 5"),
        ("files", ("write", ["p", 1], None), r"a pair \[path, content\], not \['p', 1\]"),
        ("files", ("append", "p", None), r"a pair \[path, text\], not 'p'"),
        ("files", ("rename", ["p"], True), r"a pair \[old, new\]"),
        ("files", ("remove", 1, True), "the input of remove is a path, not 1"),
        ("files", ("list", "p", []), "the input of list is nothing"),
        ("files", ("read", "p", 1), "the content, or nil, not 1"),
        ("files", ("rename", ["p", "q"], None), "true or false, not None"),
        ("files", ("list", None, None), "the list of all paths"),
        ("counter", ("add", True, None), "a whole number, not True"),
        ("counter", ("add", 1.5, None), "a whole number, not 1.5"),
        ("counter", ("read", None, None), "the output of read is a whole number, not None"),
        ("multi-register", ("read", None, 1), "it knows txn"),
        ("multi-register", ("txn", 5, UNKNOWN), "the input of txn is a list"),
        ("multi-register", ("txn", [["r", "x"]], UNKNOWN), "the input of txn is a list"),
        ("multi-register", ("txn", [[["r"], "x", 1]], UNKNOWN), "a micro-operation is"),
        ("multi-register", ("txn", [["r", "x", None]], None), "the output of txn is a list"),
        ("multi-register", ("txn", [["r", "x", None]], []), "its input with the reads filled in"),
        ("multi-register", ("txn", [["w", "x", 1]], [["w", "x", 2]]), "its input with the reads filled in"),
        (
            "multi-register",
            ("txn", [["w", "x", None]], [["w", "x", 2]]),
            "its input with the reads filled in",
        ),
        (
            "multi-register",
            ("txn", [["r", "x", 1]], [["r", "x", True]]),
            "its input with the reads filled in",
        ),
    ],
)
def test_a_wrong_form_is_one_clear_error(name: str, call: Call, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        named(name).reads_only(*call)


def test_models_by_name() -> None:
    assert [named(name).name for name in MODELS] == list(MODELS)
    with pytest.raises(
        ModelError, match=r"no model 'cas_register'; the models are .*; did you mean cas-register\?"
    ):
        named("cas_register")
    with pytest.raises(ValueError, match=r"whole number, not 1\.5"):
        Counter(1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="answer is"):
        Counter(answer="both")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "before", "call", "words", "why"),
    [
        (Mutex(), [], ("release", None, None), "release", "releases, but the mutex is free"),
        (FifoQueue(), put(1, 2), *take(2), "dequeue → 2", "dequeues 2, but 1 is first"),
        (FifoQueue(), [], *take(2), "dequeue → 2", "dequeues 2, but the queue is empty"),
        (FifoQueue(), put(*range(14)), *take(None), "dequeue → nil",
         "finds nothing, but the queue holds 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"),
        (UnorderedQueue(), put(1), *take(2), "dequeue → 2", "dequeues 2, but the queue holds 1"),
        (UnorderedQueue(), [], *take(2), "dequeue → 2", "dequeues 2, but the queue is empty"),
        (UnorderedQueue(), put(1), *take(None), "dequeue → nil", "finds nothing, but the queue holds 1"),
        (Set(), [("add", 1, None)], ("read", None, []), "read → []", "reads no 1, but the state is {1}"),
        (Set(), [], ("read", None, [4]), "read → [4]", "reads 4, but the state is {}"),
        (Set(), [("add", 1, None)], ("read", None, [1, 1]), "read → [1, 1]", "reads a member twice"),
        (Set(), [], ("contains", 1, True), "contains 1 → true", "contains 1 gives true, but the state is {}"),
        (Set(), [], ("remove", 1, True), "remove 1 → true", "remove 1 gives true, but the state is {}"),
        (Files(), WRITTEN, ("read", "p", "b"), 'read "p" → "b"', 'reads "b", but "p" is "a"'),
        (Files(), [], ("remove", "p", True), 'remove "p" → true', 'remove gives true, but "p" is missing'),
        (Files(), WRITTEN, ("rename", ["p", "q"], False), 'rename "p" "q" → false',
         'rename gives false, but "p" is "a"'),
        (Files(), WRITTEN, ("list", None, []), "list → []", 'lists [], but the paths are ["p"]'),
        (Counter(), [("add", 1, None)], ("read", None, 3), "read → 3", "reads 3, but the state is 1"),
        (Counter(), [("add", 1, None)], ("add", 2, 2), "add 2 → 2", "add 2 gives 2, but the state is 1"),
        (MultiRegister(), [("txn", [["w", "x", 1]], UNKNOWN)],
         ("txn", [["w", "y", 1], ["r", "x", None]], [["w", "y", 1], ["r", "x", 4]]),
         "txn y := 1, x → 4", "reads 4 from x, but x is 1"),
    ],
)  # fmt: skip
def test_words(model: Model, before: list[Call], call: Call, words: str, why: str) -> None:
    (state,) = reached_by(model, before)
    f, given, answer = call
    assert model.describe_op(f, given, answer, Outcome.OK) == words
    assert model.step(state, f, given, answer) == ()
    assert model.why_not(state, f, given, answer) == why


def reached_by(model: Model, calls: list[Call]) -> set[State]:
    states = {model.initial()}
    for call in calls:
        states = {after for state in states for after in model.step(state, *call)}
    return states


def test_words_of_what_was_never_answered() -> None:
    assert FifoQueue().describe_op("dequeue", None, UNKNOWN, Outcome.INFO) == "dequeue → ?"
    assert FifoQueue().describe_op("enqueue", 4, UNKNOWN, Outcome.INFO) == "enqueue 4"
    assert Mutex().describe_op("acquire", None, UNKNOWN, Outcome.INFO) == "acquire → ?"
    asked = [["r", "x", None], ["w", 3, [1]]]
    assert MultiRegister().describe_op("txn", asked, UNKNOWN, Outcome.INFO) == "txn x → ?, 3 := [1]"


def test_canonical_values() -> None:
    assert canonical({"b": [True], "a": 1.0}) == canonical({"a": 1, "b": [True]})
    assert canonical([True]) != canonical([1])
    assert canonical({"a": True}) != canonical({"a": 1})
    assert text(canonical({"b": [True, None], "a": "x"})) == '{a: "x", b: [true, nil]}'
