"""Wilson's interval: known values, and its laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.campaign.wilson import in_words, interval

COUNTS = st.integers(0, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # as R's prop.test(k, n, correct = FALSE) and Newcombe's table of 1998 give them
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
        (5, 10, 0.2366, 0.7634),
        (0, 0, 0.0, 1.0),
    ],
)
def test_known_values(k: int, n: int, low: float, high: float) -> None:
    assert interval(k, n) == pytest.approx((low, high), abs=5e-5)


@given(COUNTS)
def test_it_holds_the_rate_and_stays_within_none_and_all(counted: tuple[int, int]) -> None:
    k, n = counted
    low, high = interval(k, n)
    assert 0 <= low <= (k / n if n else 0.5) <= high <= 1
    assert (low == 0) == (k == 0)
    assert (high == 1) == (k == n)


def test_none_and_all_are_exact_whatever_is_rounded() -> None:
    assert all(interval(0, n)[0] == 0.0 and interval(n, n)[1] == 1.0 for n in range(1, 5_000))


@given(COUNTS)
def test_turned_round_it_is_that_of_the_others(counted: tuple[int, int]) -> None:
    k, n = counted
    low, high = interval(k, n)
    assert interval(n - k, n) == pytest.approx((1 - high, 1 - low))


@given(COUNTS, st.integers(2, 20))
def test_more_runs_of_the_same_rate_are_surer(counted: tuple[int, int], times: int) -> None:
    k, n = counted
    low, high = interval(k, n)
    narrow = interval(k * times, n * times)
    assert narrow[1] - narrow[0] <= high - low + 1e-12


@given(COUNTS, st.floats(0.1, 5), st.floats(0.1, 5))
def test_a_greater_z_makes_it_wider(counted: tuple[int, int], z1: float, z2: float) -> None:
    inner, outer = interval(*counted, z=min(z1, z2)), interval(*counted, z=max(z1, z2))
    assert outer[0] <= inner[0] + 1e-12
    assert inner[1] <= outer[1] + 1e-12


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (0, -1)])
def test_what_is_no_count_is_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no count"):
        interval(k, n)


def test_none_and_all_have_one_bound_in_words() -> None:
    assert [in_words(k, n) for k, n in ((0, 50), (2, 5), (5, 5), (0, 0))] == [
        "< 7.1 %",
        "11.8–76.9 %",
        "> 56.6 %",
        "–",
    ]
