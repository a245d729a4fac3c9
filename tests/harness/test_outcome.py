"""What a run comes to: precedence, expectations and doubts."""

from __future__ import annotations

from typing import Any

import pytest

from checkers.verdict import Invalid, Unknown, Valid
from harness.outcome import skipped_notes, weigh

GOOD, BAD, OPEN = Valid(1), Invalid(1, "contradiction"), Unknown("too hard")


@pytest.mark.parametrize(
    ("verdicts", "extra", "outcome", "code"),
    [
        ([GOOD], {}, "valid", 0),
        ([GOOD, BAD], {}, "anomaly", 1),
        ([BAD], {"failures": ["setup failed"]}, "anomaly", 1),
        ([BAD], {"interrupted": 130}, "anomaly", 1),
        ([BAD, OPEN], {"expect": "anomaly"}, "anomaly", 0),
        ([GOOD], {"expect": "anomaly"}, "valid", 1),
        ([GOOD], {"failures": ["a node died"]}, "failed", 3),
        ([OPEN], {"failures": ["a node died"]}, "failed", 3),
        ([GOOD, OPEN], {}, "inconclusive", 2),
        ([GOOD], {"doubts": ["no overlap"]}, "inconclusive", 2),
        ([], {}, "inconclusive", 2),
        ([GOOD], {"interrupted": 143}, "interrupted", 143),
        ([OPEN], {"expect": "anomaly"}, "inconclusive", 2),
    ],
)
def test_precedence(verdicts: list[Any], extra: dict[str, Any], outcome: str, code: int) -> None:
    given = {"failures": (), "doubts": (), "interrupted": None, "expect": "valid", **extra}
    weighed = weigh(verdicts, **given)
    assert (weighed.outcome, weighed.exit_code) == (outcome, code)
    assert weighed.as_expected == (code == 0)


def test_what_was_left_out_is_told_by_reason() -> None:
    planned = ["kill", "kill", "pause", "partition"]
    assert skipped_notes(planned, {"kill": "no signals", "pause": "no signals", "partition": "no nft"}) == [
        "not applied, by --skip-unavailable: 2 planned kill faults and 1 planned pause fault – no signals",
        "not applied, by --skip-unavailable: 1 planned partition fault – no nft",
    ]
