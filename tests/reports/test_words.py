"""Values and times in words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.words import clip, count, duration, one_line, percent, shorten, value, visible


@given(st.text())
def test_nothing_invisible_or_turning_stays(text: str) -> None:
    seen = visible(text)
    assert all(
        c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in seen
    )
    assert "\n" not in one_line(text)
    seen.encode()


@given(st.text(max_size=50), st.integers(1, 30))
def test_clipped_text_says_what_is_missing(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert clipped == text if len(text) <= limit else clipped.endswith(f"… ({len(text) - limit} more)")
    assert len(shorten(text, limit)) <= limit


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.00035, "350 µs"),
        (0.0123, "12 ms"),
        (0.99951, "1.00 s"),
        (1.25, "1.25 s"),
        (59.999, "1 min 00 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (-2.0, "−2.00 s"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_values_counts_and_shares() -> None:
    assert [value(v) for v in (None, True, 1.5, "a", [1, None], {"k": 2})] == [
        "nil", "true", "1.5", "a", "[1,null]", '{"k":2}',
    ]  # fmt: skip
    assert (count(1, "fault"), count(1234, "fault")) == ("1 fault", "1,234 faults")
    assert [percent(s) for s in (0, 0.001, 0.5, 0.999, 1)] == ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]
