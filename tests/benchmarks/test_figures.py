"""Ratios, goals and tables of the benchmarks: what is not measured is no ratio, and meets no goal."""

from __future__ import annotations

import pytest

from benchmarks.lincheck.figures import (
    Goal,
    Report,
    geometric_mean,
    least,
    most,
    number,
    ratio,
    table,
    times,
)


def test_a_ratio_is_theirs_over_ours() -> None:
    assert ratio(10.0, 2.0) == 5.0
    assert ratio(1.0, 4.0) == 0.25
    assert ratio(None, 2.0) is None
    assert ratio(2.0, None) is None
    assert ratio(2.0, 0.0) is None


def test_the_geometric_mean_leaves_out_what_is_not_known() -> None:
    assert geometric_mean([1.0, None, 100.0]) == pytest.approx(10.0)
    assert geometric_mean([8.0]) == pytest.approx(8.0)
    assert geometric_mean([None]) is None


def test_the_least_of_what_is_known_and_the_most_only_of_all() -> None:
    assert least([3.0, None, 2.0]) == 2.0
    assert least([]) is None
    assert most([3.0, 5.0]) == 5.0
    assert most([3.0, None]) is None
    assert most([]) is None


@pytest.mark.parametrize(
    ("seen", "bound", "at_most", "met"),
    [
        (4.0, 4.0, False, True),
        (3.9, 4.0, False, False),
        (4.0, 4.0, True, True),
        (4.1, 4.0, True, False),
        (None, 4.0, True, False),
        (None, 4.0, False, False),
        (float("nan"), 4.0, True, False),
    ],
)
def test_a_goal_is_met_on_its_side_and_never_by_nothing(
    seen: float | None, bound: float, at_most: bool, met: bool
) -> None:
    assert Goal("x", seen, bound, at_most).met is met


def test_a_goal_in_words() -> None:
    assert Goal("mean", 12.5, 4, False, "x").line() == "met     mean: 12.5x (goal: at least 4x)"
    assert Goal("worst", None, 2, True, " s").line() == "MISSED  worst: not measured (goal: at most 2 s)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.012345, "0.0123"),
        (1.0, "1.00"),
        (12.345, "12.3"),
        (12345.6, "12,346"),
        (0.00000012, "0.000000"),
    ],
)
def test_numbers_have_about_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_lower_bound_of_a_ratio_says_so() -> None:
    assert times(12.3) == "12.3x"
    assert times(12.3, more=True) == "> 12.3x"
    assert times(None, more=True) == "-"


def test_a_table_is_aligned_and_says_when_it_is_empty() -> None:
    assert table(("file", "ms"), [("a", "1.00"), ("bcdef", "10.0")]) == [
        "file     ms",
        "a      1.00",
        "bcdef  10.0",
    ]
    assert table(("file",), []) == ["(nothing measured)"]


def test_a_wrong_verdict_stands_in_the_report() -> None:
    text = Report("title", ("note",), ("file",), [("a",)], (Goal("g", 1, 1, True),), ["a"]).text()
    assert text.startswith("== title\nnote\n")
    assert text.endswith("met     g: 1.00 (goal: at most 1)\nWRONG VERDICT: a\n")
