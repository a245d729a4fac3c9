"""What a night comes to, against a dumb oracle over all small combinations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations, combinations_with_replacement, permutations
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign.jobs import Cell, Limits, Metrics, Result, Thresholds
from harness.campaign.weighing import CellWord, cell_word, exit_code_of, is_failure, trouble_of

OUTCOMES = ["valid", "anomaly", "inconclusive", "failed", "interrupted"]
WORDS: tuple[CellWord, ...] = get_args(CellWord)


def result(outcome: str, **more: Any) -> Result:
    given = {"expect": "valid", "cause": "", "said": (), "missed": (), **more}
    return Result(
        night="n",
        job="c#1",
        number=1,
        cell="c",
        system="raft",
        workload="register",
        nemeses="kill",
        place="sim",
        bug="",
        why="new seed",
        looked_for="",
        seed=1,
        tried=1,
        outcome=outcome,
        started_at="",
        seconds=0.0,
        replay="",
        plan="",
        trace="",
        metrics=Metrics(),
        **given,
    )


def cell(expect: str = "valid") -> Cell:
    return Cell("c", "raft", "register", "kill", "sim", {}, Limits(1.0, 1, 1), expect=expect)  # type: ignore[arg-type]


def oracle(expect: str, outcomes: Sequence[str], planned: int, missed: bool) -> str:
    """No share of undecided runs is allowed."""
    if not outcomes:
        return "not run"
    if expect == "valid" and "anomaly" in outcomes:
        return "unexpected anomaly"
    if "failed" in outcomes:
        return "failed"
    undecided = "inconclusive" in outcomes or "interrupted" in outcomes
    if expect == "anomaly" and "anomaly" not in outcomes:
        if len(outcomes) < planned:
            return "not run"
        return "expected anomaly gone" if "valid" in outcomes else "inconclusive"
    return "inconclusive" if undecided else "below a threshold" if missed else "as expected"


@pytest.mark.parametrize("expect", ["valid", "anomaly"])
@pytest.mark.parametrize("missed", [False, True])
def test_the_word_of_every_cell(expect: str, missed: bool) -> None:
    for count in range(4):
        for outcomes in combinations_with_replacement(OUTCOMES, count):
            for planned in (count, count + 1):
                wanted = oracle(expect, outcomes, planned, missed)
                for order in permutations(outcomes):
                    results = [result(one, missed=("slow",) if missed else ()) for one in order]
                    assert cell_word(cell(expect), results, planned, Thresholds()) == wanted, order


@pytest.mark.parametrize(
    ("unknown", "undecided", "of", "word"),
    [
        (None, 0, 4, "as expected"),
        (None, 1, 4, "inconclusive"),
        (0.0, 1, 4, "inconclusive"),
        (0.25, 1, 4, "as expected"),
        (0.25, 2, 4, "inconclusive"),
        (0.24, 1, 4, "inconclusive"),
        (0.29, 29, 100, "as expected"),  # 0.29 * 100 is less than 29
        (1.0, 4, 4, "as expected"),
    ],
)
def test_a_share_of_a_cells_runs_may_stay_undecided(
    unknown: float | None, undecided: int, of: int, word: str
) -> None:
    results = [result("inconclusive")] * undecided + [result("valid")] * (of - undecided)
    assert cell_word(cell(), results, of, Thresholds(unknown=unknown)) == word
    masked = [*results, result("anomaly")]
    assert cell_word(cell(), masked, of, Thresholds(unknown=1.0)) == "unexpected anomaly"
    assert cell_word(cell(), [*results, result("failed")], of, Thresholds(unknown=1.0)) == "failed"


@given(st.integers(1, 300), st.data())
def test_the_share_is_reached_exactly(of: int, data: st.DataObject) -> None:
    undecided = data.draw(st.integers(0, of))
    results = [result("inconclusive")] * undecided + [result("valid")] * (of - undecided)
    exactly = Thresholds(unknown=undecided / of)
    assert cell_word(cell(), results, of, exactly) == "as expected"
    if undecided < of:
        one_more = [result("inconclusive"), *results[:-1]]
        assert cell_word(cell(), one_more, of, exactly) == "inconclusive"


def test_one_run_below_a_threshold_is_enough() -> None:
    results = [result("valid"), result("valid", missed=("too few",)), result("valid")]
    assert cell_word(cell(), results, 3, Thresholds()) == "below a threshold"


def test_an_anomaly_is_gone_only_if_all_were_done() -> None:
    valid = [result("valid", expect="anomaly")] * 2
    assert cell_word(cell("anomaly"), valid, 2, Thresholds()) == "expected anomaly gone"
    assert cell_word(cell("anomaly"), valid, 3, Thresholds()) == "not run"
    assert cell_word(cell("anomaly"), [*valid, result("failed")], 4, Thresholds()) == "failed"
    assert cell_word(cell("anomaly"), [*valid, result("anomaly")], 9, Thresholds()) == "as expected"


def code_by_hand(words: Sequence[str], interrupted: int | None) -> int:
    if "unexpected anomaly" in words or "expected anomaly gone" in words:
        return 1
    if interrupted is not None:
        return interrupted
    if "failed" in words:
        return 3
    if "inconclusive" in words or "below a threshold" in words:
        return 2
    return 0 if "as expected" in words else 3


@pytest.mark.parametrize("interrupted", [None, 130, 143])
def test_the_exit_code_of_every_night(interrupted: int | None) -> None:
    sets = chain.from_iterable(combinations(WORDS, count) for count in range(len(WORDS) + 1))
    for words in sets:
        wanted = code_by_hand(words, interrupted)
        for order in (words, words[::-1], (*words, *words)):
            assert exit_code_of(order, interrupted=interrupted) == wanted, words


@pytest.mark.parametrize("word", ["unexpected anomaly", "expected anomaly gone"])
def test_a_violation_is_never_masked(word: CellWord) -> None:
    assert exit_code_of([*WORDS, word], interrupted=130) == 1


def test_a_night_in_which_nothing_ran_is_a_failure() -> None:
    assert exit_code_of([]) == 3
    assert exit_code_of(["not run", "not run"]) == 3
    assert exit_code_of(["not run", "as expected"]) == 0
    assert exit_code_of([cell_word(cell(), [], 3, Thresholds())]) == 3


@pytest.mark.parametrize(
    ("made", "trouble"),
    [
        (result("valid"), ""),
        (result("valid", expect="anomaly"), ""),
        (result("valid", missed=("too few", "too slow")), "below a threshold: too few; too slow"),
        (result("valid", expect="anomaly", missed=("too few",)), "below a threshold: too few"),
        (result("anomaly"), "an anomaly"),
        (result("anomaly", said=("x reads 1", "y")), "x reads 1"),
        (result("anomaly", expect="anomaly", said=("x reads 1",)), ""),
        (result("anomaly", expect="anomaly", missed=("too few",)), ""),
        (result("failed"), "it failed"),
        (result("failed", said=("no leader",)), "no leader"),
        (result("failed", cause="hung", said=("it did not end",)), "hung: it did not end"),
        (result("failed", cause="hung", said=("it did not end",), expect="anomaly"), "hung: it did not end"),
        (result("inconclusive"), "inconclusive"),
        (result("inconclusive", said=("too hard",)), "inconclusive: too hard"),
        (result("inconclusive", said=("too hard",), expect="anomaly"), "inconclusive: too hard"),
        (result("interrupted"), "interrupted"),
    ],
)
def test_what_a_person_has_to_look_at(made: Result, trouble: str) -> None:
    assert trouble_of(made) == trouble
    assert is_failure(made) == (trouble != "")
