"""What a run comes to: precedence, expectations and doubts."""

from __future__ import annotations

from typing import Any

import pytest

from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.verdict import Invalid, Unknown, Valid
from harness.outcome import doubts_about, skipped_notes, weigh

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


def op(call: int, end: int, outcome: Outcome = Outcome.OK) -> Op:
    return Op(0, 0, "read", "k", None, None, outcome, call, OPEN_NS if outcome is Outcome.INFO else end, end)


def fault(status: str | None, begun: int | None, ended: int | None, kind: str = "kill") -> Disturbance:
    return Disturbance(1, kind, ("n1",), "kill n1", 0, begun, ended, status)


def doubts(ops: list[Op], faults: list[Disturbance], planned: list[str]) -> list[str]:
    return doubts_about(History.of(ops, faults), seconds=10, rate=200, planned=planned)


def test_a_good_run_leaves_no_doubt() -> None:
    assert doubts([op(i, i + 1) for i in range(20)], [fault("installed", 5, 8)], ["kill"]) == []


def test_too_few_successes() -> None:
    assert "only 3 operations" in doubts([op(i, i + 1) for i in range(3)], [], [])[0]
    assert "only 0 operations" in doubts([], [], [])[0]


def test_faults_that_did_not_land() -> None:
    ops = [op(i, i + 1) for i in range(20)]
    for status in ("skipped", "indeterminate", None):
        assert "none of the 2 planned kill" in doubts(ops, [fault(status, 5, 8)], ["kill", "kill"])[0]


def test_a_kind_that_did_not_land_is_not_hidden_by_one_that_did() -> None:
    ops = [op(i, i + 1) for i in range(20)]
    assert "planned pause" in doubts(ops, [fault("installed", 5, 8)], ["kill", "pause"])[0]


def test_no_overlap() -> None:
    ops = [op(i, i + 1) for i in range(20)]
    assert "overlapped" in doubts(ops, [fault("installed", 100, 200)], ["kill"])[0]
    assert doubts(ops, [fault("installed", 21, None)], ["kill"]) != []
    assert doubts(ops, [fault("installed", 20, None)], ["kill"]) == []


def test_what_failed_under_a_fault_overlapped_it() -> None:
    ops = [op(i, i + 1) for i in range(20)]
    for outcome in (Outcome.FAIL, Outcome.INFO):
        assert doubts([*ops, op(120, 130, outcome)], [fault("installed", 125, 200)], ["kill"]) == []


def without(planned: list[str], landed: list[Disturbance], unavailable: list[str]) -> list[str]:
    history = History.of([op(i, i + 1) for i in range(20)], landed)
    return doubts_about(history, seconds=10, rate=200, planned=planned, unavailable=unavailable)


def test_kinds_left_out_with_consent_leave_no_doubt_while_others_landed() -> None:
    planned = ["kill", "partition"]
    kill = fault("installed", 5, 8)
    cut = Disturbance(2, "partition", ("n1",), "cut n1", 0, 5, None, "skipped")
    assert without(planned, [kill, cut], ["partition"]) == []
    assert "planned kill" in without(planned, [], ["partition"])[0]


def test_without_any_of_its_faults_a_run_is_in_doubt() -> None:
    assert "no planned fault could be applied here" in without(["kill", "pause"], [], ["pause", "kill"])[0]
    assert without([], [], []) == []


def test_what_was_left_out_is_told_by_reason() -> None:
    planned = ["kill", "kill", "pause", "partition"]
    assert skipped_notes(planned, {"kill": "no signals", "pause": "no signals", "partition": "no nft"}) == [
        "not applied, by --skip-unavailable: 2 planned kill faults and 1 planned pause fault – no signals",
        "not applied, by --skip-unavailable: 1 planned partition fault – no nft",
    ]
