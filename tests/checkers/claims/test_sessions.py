"""Session guarantees: the name of each contradiction, what is none, and how long it takes to find out."""

from __future__ import annotations

import random
import time

import pytest

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.sessions import Sessions
from checkers.verdict import Invalid, Unknown, Valid
from tests.checkers.claims.runs import Run

judge = Sessions()


def of(*steps: str) -> Run:
    """ "1 w5": process 1 writes 5; r: reads; r-: reads nil; d5: deletes 5; w5? has no answer."""
    run = Run()
    for step in steps:
        process, did = step.split()
        value = None if did[1:] == "-" else int(did[1:].strip("?"))
        outcome = Outcome.INFO if did.endswith("?") else Outcome.OK
        f = {"w": "write", "r": "read", "d": "delete"}[did[0]]
        given, answer = (value, None) if f == "write" else (None, value)
        run.op(f, given, answer, process=int(process), outcome=outcome)
    return run


def found(run: Run) -> str:
    verdict = judge(run.history())
    return verdict.anomaly if isinstance(verdict, Invalid) else type(verdict).__name__


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (["1 w1", "1 w2", "2 r1", "2 r2", "3 r1", "3 r1"], "Valid"),
        (["1 w1", "2 r1", "2 r-"], "monotonic-reads"),
        (["1 w1", "1 r-"], "read-your-writes"),
        (["1 w1", "2 w2", "3 r1", "3 r2", "4 r2", "4 r1"], "monotonic-reads"),
        (["1 w1", "2 w2", "3 r1", "3 r2", "2 r1"], "monotonic-reads+read-your-writes"),
        (["1 w1", "1 w2", "3 r2", "3 r1"], "monotonic-reads+monotonic-writes"),
        (["1 w1", "2 r1", "2 w2", "3 r2", "3 r1"], "monotonic-reads+writes-follow-reads"),
        (["1 w1", "2 w2", "1 r2", "2 r1"], "read-your-writes"),
        (["1 w1", "2 r1", "2 w2", "1 r2", "1 r1"], "monotonic-reads+read-your-writes"),
        (["9 w1?", "9 w2?", "9 w3?", "1 r1", "1 r2", "2 r2", "2 r3", "3 r3", "3 r1"], "monotonic-reads"),
        (["1 w1", "2 w2", "3 w3", "1 r2", "2 r3", "3 r1"], "read-your-writes"),
        (["1 w1", "1 r1", "1 r1"], "Valid"),
        (["1 w1", "2 r1", "2 d1", "2 r-"], "Valid"),
        (["1 w1", "2 d1", "2 r1"], "read-your-writes+writes-follow-reads"),
        (["1 w1", "2 d1", "1 r-"], "Valid"),
        (["1 w1", "1 r-", "2 d1"], "read-your-writes"),
    ],
)
def test_names(steps: list[str], name: str) -> None:
    assert found(of(*steps)) == name


def test_the_sentence_tells_the_cycle() -> None:
    verdict = judge(of("1 w1", "2 r1", "2 w2", "3 r2", "3 r1").history())
    assert isinstance(verdict, Invalid)
    assert verdict.bad_keys == ("x",)
    assert sorted(verdict.sentence.removeprefix("key x: no order of its versions fits: ").split("; ")) == [
        "process 2 read 1 (operation 1) and later wrote 2 (operation 2)",
        "process 3 read 2 (operation 3) and later read 1 (operation 4)",
    ]


def test_cas_reads_and_writes_if_it_says_so() -> None:
    run = of("1 w1").op("cas", [1, 2], True, process=1)
    assert found(run.op("read", None, 1, process=1)) == "read-your-writes+writes-follow-reads"
    run = of("1 w1").op("cas", [1, 2], False, process=1)
    assert found(run.op("read", None, 1, process=1)) == "Valid"


def test_what_is_not_judged_is_said() -> None:
    verdict = judge(of("1 w1", "2 w1", "1 r-").history())
    assert isinstance(verdict, Unknown)
    assert verdict.notes == ('not judged, as a value was written twice, or nil: "x"',)
    verdict = judge(of("1 w1", "1 r7", "1 r1").history())
    assert isinstance(verdict, Valid)
    assert verdict.notes == ("reads of values that nobody had written, not judged here: 1",)
    assert isinstance(judge(of("1 w1", "2 r1").history()), Unknown)
    assert isinstance(judge(Run().op("add", 1).history()), Unknown)


def many(number: int, *, stale: int) -> History:
    """One key, twenty sessions; every `stale`-th read is of an old value (0: none)."""
    dice = random.Random(3)
    ops = []
    written = 0
    for n in range(number):
        if dice.random() < 0.3:
            written += 1
            ops.append(Op(n, n % 20, "write", "x", written, None, Outcome.OK, n, n))
        else:
            value = written if not stale or n % stale else dice.randint(1, max(written, 1))
            ops.append(Op(n, n % 20, "read", "x", None, value or None, Outcome.OK, n, n))
    return History.of(ops)


@pytest.mark.parametrize("stale", [0, 7, 50_000])
def test_a_hundred_thousand_operations_take_about_a_second(stale: int) -> None:
    history = many(100_000, stale=stale)
    began = time.process_time()
    verdict = judge(history)
    assert time.process_time() - began < 5  # a second on an idle machine
    assert isinstance(verdict, Invalid if stale else Valid)


def test_a_long_cycle_is_found_whole() -> None:
    """Session i reads i, then i + 1; the last one closes the circle: no shorter contradiction exists."""
    size = 400
    ops = [Op(0, i, "write", "x", i, None, Outcome.INFO, 0, OPEN_NS) for i in range(size)]
    for i in range(size):
        for step, value in enumerate((i, (i + 1) % size)):
            ops.append(Op(0, size + i, "read", "x", None, value, Outcome.OK, 10 + step, 10 + step))
    verdict = judge(History.of(ops))
    assert isinstance(verdict, Invalid)
    assert verdict.anomaly == "monotonic-reads"
    assert verdict.sentence.endswith("and 394 more")
