"""Closed models: what the key-value model lays out before a search, and what the encoder makes of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import UNKNOWN, KeyValue, Register, check
from checkers.lincheck.encode import Encoder, Part
from checkers.lincheck.kernel import memory as at
from checkers.lincheck.model import ANY, Call, Closed, Closure, Guard, State
from checkers.lincheck.models import prefixes
from checkers.lincheck.question import Tabled
from checkers.lincheck.solve import solve
from checkers.verdict import Invalid, Valid


def get(answer: Any) -> Call:
    return ("get", None, answer)


def put(value: str) -> Call:
    return ("put", value, None)


def append(value: str, output: Any = None) -> Call:
    return ("append", value, output)


def closure_of(calls: list[Call]) -> Closure:
    found = KeyValue().closure(calls)
    assert found is not None
    return found


def after(closure: Closure, state: int, k: int) -> int | None:
    """The number that operation `k` leads to, None if it is illegal."""
    what = closure.does[k]
    if not isinstance(what, Guard):
        return dict(what).get(state, closure.rest)
    if what.expect not in (ANY, state):
        return None
    return state if what.assign is ANY else what.assign  # type: ignore[return-value]


def dead_ends(calls: list[Call], depth: int) -> int:
    """Every sequence of so many operations, on the model and on the machine: one is as legal as the other.
    How many came to an end.
    """
    model, closure = KeyValue(), closure_of(calls)
    ended = 0
    for order in itertools.product(range(len(calls)), repeat=depth):
        string: Any = model.initial()
        state: int | None = closure.initial
        for k in order:
            then = model.step(string, *calls[k])
            state = after(closure, state, k)
            assert (state is None) == (not then), (order, string)
            if not then or state is None:
                ended += 1
                break
            string = then[0]
    return ended


ALPHABETS: list[list[Call]] = [
    [get("ab"), append("a"), append("b"), append("c")],
    [get("aaa"), get("a"), append("a"), append("aa")],
    [get("abab"), append("ab"), append("a"), append("b"), put("ab")],
    [get(""), get("a"), append(""), append("a"), put("")],
    [get("ab"), get("ac"), get("b"), append("b"), append("c"), put("a")],
    [get("abc"), get("abd"), append("ab"), append("d"), put("abc"), put("x")],
    [get("aab"), append("a"), append("a", UNKNOWN), append("b", UNKNOWN), get(UNKNOWN)],
    [get("xy"), append("a"), put("z"), get(UNKNOWN)],
    [get(5), get(None), get(["a"]), append("a"), put("a")],
    [append("a"), put("a")],
]


@pytest.mark.parametrize("calls", ALPHABETS, ids=str)
def test_the_machine_allows_what_the_model_allows(calls: list[Call]) -> None:
    ended = dead_ends(calls, 5)
    assert (ended > 0) == any(f == "get" and answer is not UNKNOWN for f, _, answer in calls)


def test_only_prefixes_that_are_reached_are_states() -> None:
    closure = closure_of([get("abcdef"), append("abc"), append("def"), append("xyz"), put("ab"), put("b")])
    assert closure.rest == 4, 'the states are "", "ab", "abc" and "abcdef"'
    assert closure.does[1:3] == [((0, 2),), ((2, 3),)]
    assert closure.does[3] == Guard(assign=closure.rest), "what occurs nowhere resets"
    assert closure.does[4] == Guard(assign=1)
    assert closure.does[5] == Guard(assign=closure.rest)


def test_an_observation_that_nothing_leads_to_is_legal_nowhere() -> None:
    closure = closure_of([get("ab"), append("abc")])
    assert closure.does[0] == Guard(expect=closure.rest + 1)


def test_without_observations_there_is_one_state() -> None:
    closure = closure_of([append("a"), put("b"), get(UNKNOWN)])
    assert (closure.initial, closure.rest) == (0, 0)
    assert closure.does == [Guard(assign=0), Guard(assign=0), Guard()]


def test_appends_of_the_same_share_their_moves_whatever_they_answered() -> None:
    closure = closure_of([get("aa"), append("a"), append("a", UNKNOWN), append("a", 2)])
    assert closure.does[1] == ((0, 1), (1, 2))
    assert closure.does[1] is closure.does[2] is closure.does[3]


@pytest.mark.parametrize("bound", ["PIECES", "CHARACTERS"])
def test_what_would_be_too_much_work_is_left(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [get("ab" * 50), append("a"), append("b")]
    assert [len(what) for what in closure_of(calls).does if not isinstance(what, Guard)] == [50, 50]
    monkeypatch.setattr(prefixes, bound, 150)
    assert KeyValue().closure(calls) is None
    assert part(*(Row("append", x) for x in "ab"), Row("get", None, "ab" * 50)).quick is None


class Row(tuple[str, Any, Any, bool]):
    """An operation for a history."""

    def __new__(cls, f: str, given: Any, answer: Any = None, *, crashed: bool = False) -> Row:
        return super().__new__(cls, (f, given, answer, crashed))


def history(*rows: Row) -> History:
    """One operation after the other."""
    ops = []
    for i, (f, given, answer, crashed) in enumerate(rows):
        outcome, end = (Outcome.INFO, OPEN_NS) if crashed else (Outcome.OK, 10 * i + 5)
        ops.append(Op(0, i, f, 0, given, answer, outcome, 10 * i, end))
    return History.of(ops)


def part(*rows: Row) -> Part:
    return Encoder(KeyValue()).part(history(*rows))


def test_operations_that_do_the_same_are_one_type() -> None:
    made = part(
        Row("append", "a", crashed=True),
        Row("append", "a"),
        Row("put", "x"),
        Row("append", "nowhere"),
        Row("put", "y", crashed=True),
        Row("get", None, "aa"),
    )
    assert made.quick is not None
    types = made.quick.types.tolist()
    assert types[0] == types[1]
    assert types[2] == types[3] == types[4]
    guards = made.quick.alphabet.guards
    assert guards[at.KIND_ROW, types].tolist() == [at.OTHER] * 2 + [at.RESET] * 3 + [at.OBSERVER]
    assert guards[at.ASSIGN_ROW, types[0]] == at.TABLE
    assert made.quick.alphabet.states == 0, "junk is unsound beside a table"


def test_it_is_decided_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row("append", x) for x in "abc"]
    legal, illegal = part(*rows, Row("get", None, "abc")), part(*rows, Row("get", None, "acb"))
    monkeypatch.setattr(KeyValue, "step", lambda *_: pytest.fail("the model was asked"))
    assert solve(legal.asked).order is not None
    assert solve(illegal.asked).legal is False
    with pytest.raises(AssertionError, match="stands in the table"):
        legal.asked.alphabet.step(0, 0)


def test_what_is_not_in_the_table_leads_to_the_dead_state() -> None:
    """The second append is legal, although nobody sees what it leaves."""
    rows = [
        Row("append", "a"),
        Row("get", None, "a"),
        Row("append", "a"),
        Row("put", ""),
        Row("get", None, ""),
    ]
    assert solve(part(*rows).asked).legal
    assert solve(part(*rows[:3], Row("get", None, "a")).asked).legal is False


def test_guards_alone_need_no_table() -> None:
    made = part(Row("put", "a"), Row("get", None, "a"))
    assert made.quick is None
    assert made.asked is made.question
    assert made.question.alphabet.states > 0


def test_only_the_decision_is_quick() -> None:
    """Evidence comes from the question whose states are the model's."""
    rows = [Row("append", "a"), Row("append", "b"), Row("get", None, "ba")]
    assert isinstance(part(*rows).asked.alphabet, Tabled)
    verdict = check(history(*rows), KeyValue())
    assert isinstance(verdict, Invalid)
    assert 'get → "ba"' in verdict.sentence
    assert verdict.counter_example is not None
    assert isinstance(check(history(*rows[:2], Row("get", None, "ab")), KeyValue()), Valid)


def test_a_model_made_from_it_is_asked_as_it_may_do_otherwise() -> None:
    class Doubling(KeyValue):
        def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
            return super().step(state, f, 2 * input if f == "append" else input, output)

    rows = history(Row("append", "a"), Row("get", None, "aa"))
    assert Encoder(Doubling()).part(rows).quick is None
    assert isinstance(check(rows, Doubling()), Valid)


def test_who_is_closed() -> None:
    assert isinstance(KeyValue(), Closed)
    assert not isinstance(Register(), Closed)
