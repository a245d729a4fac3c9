"""Counters: bounds, exact sums, and where only bounds are left."""

from __future__ import annotations

import random

import pytest

from checkers.counters import Counters
from checkers.history import Outcome
from checkers.verdict import Invalid, Unknown, Valid, Verdict
from tests.checkers.claims.runs import QUIET_NS, Run

judge = Counters(QUIET_NS)


def final(run: Run, value: int) -> str:
    verdict = judge(run.quiet().op("read", None, value).history())
    return verdict.anomaly if isinstance(verdict, Invalid) else type(verdict).__name__


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (2, "counter-too-low"), (3, "Valid"), (5, "Valid"), (7, "Valid"), (9, "Valid"),
        (4, "counter-impossible-sum"), (8, "counter-impossible-sum"), (10, "counter-too-high"),
    ],
)  # fmt: skip
def test_final_reads(value: int, found: str) -> None:
    """5 acknowledged; -2 and 4 may have happened: 3, 5, 7, 9."""
    run = Run().op("increment", 6).op("increment", -1).op("increment", 3, outcome=Outcome.FAIL)
    run.op("increment", -2, outcome=Outcome.INFO, process=1).op(
        "increment", 4, outcome=Outcome.INFO, process=2
    )
    assert final(run, value) == found


def test_the_sentences() -> None:
    run = Run().op("increment", 6).op("increment", -2, outcome=Outcome.INFO, process=1).quiet()
    told = judge(run.op("read", None, 5, node="n3").history())
    assert isinstance(told, Invalid)
    assert told.sentence == (
        "key x: the final read (operation 2 of process 0 at n3) gives 5, which no choice of the increments in"
        " doubt (-2) makes of the 6 acknowledged"
    )
    told = judge(run.op("read", None, 3, node="n3").history())
    assert isinstance(told, Invalid)
    assert told.bad_keys == ("x",)


def test_earlier_reads_show_any_part_of_what_was_called_before_they_returned() -> None:
    def early(value: int) -> Verdict:
        run = Run().op("increment", 2).op("increment", -3, outcome=Outcome.INFO).op("read", None, value)
        return judge(run.op("increment", 9, process=1).quiet().op("read", None, 11).history())

    assert all(isinstance(early(value), Valid) for value in (-3, -1, 0, 1, 2))
    low, high = early(-4), early(3)
    assert isinstance(low, Invalid)
    assert low.anomaly == "counter-too-low"
    assert isinstance(high, Invalid)
    assert high.anomaly == "counter-too-high"


def test_an_increment_in_the_quiet_time_may_or_may_not_be_seen() -> None:
    run = Run().op("increment", 2).quiet().op("increment", 3).op("read", None, 2).op("read", None, 5)
    assert isinstance(judge(run.history()), Valid)
    assert isinstance(judge(run.op("read", None, 3).history()), Invalid)


def test_no_final_reads() -> None:
    assert judge(Run().op("increment", 1).history()) == Unknown("no final reads of a counter", 1)
    run = Run().op("increment", 1).op("increment", 1, key="y").quiet().op("read", None, 1)
    assert judge(run.history()) == Valid(3, notes=('no final read of "y"',))


def test_wrong_forms() -> None:
    for given, answer in ((True, 1), (1.5, 1), (1, True), (1, None)):
        run = Run().op("increment", given).quiet().op("read", None, answer)
        with pytest.raises(ValueError, match="of a counter needs a whole number, not"):
            judge(run.history())


def test_many_increments_in_doubt_are_exact_and_huge_ones_are_bounded() -> None:
    dice = random.Random(5)
    deltas = [2 * dice.randint(1, 200) for _ in range(500)]
    run = Run().op("increment", 1)
    for n, delta in enumerate(deltas):
        run.op("increment", delta, outcome=Outcome.INFO, process=n + 1)
    assert final(run, 1 + sum(deltas[::2])) == "Valid"
    assert final(run, 2 + sum(deltas[::2])) == "counter-impossible-sum"
    huge = Run().op("increment", 2**70, outcome=Outcome.INFO).quiet().op("read", None, 5)
    verdict = judge(huge.history())
    assert isinstance(verdict, Valid)
    assert verdict.notes == ('too many increments without an answer, so only bounds were checked: "x"',)
