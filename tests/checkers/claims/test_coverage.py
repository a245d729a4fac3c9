"""What leaves doubt about a run, and the claim that says so."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from checkers.coverage import Coverage, doubts_about
from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.verdict import Unknown, Valid
from tests.checkers.claims.runs import QUIET_NS, Run


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


def covered(run: Run, **more: object) -> list[str]:
    return doubts_about(run.history(), seconds=1, rate=200, planned=(), **more)  # type: ignore[arg-type]


def test_every_kind_of_operation_must_succeed_once() -> None:
    run = (
        Run().op("read").op("write", 1, outcome=Outcome.INFO).op("write", 2, outcome=Outcome.FAIL, process=1)
    )
    assert covered(run) == ["none of the 2 write operations succeeded"]
    assert covered(run.op("write", 3, process=1)) == []
    assert covered(run, asked=("read", "delete")) == ["no delete was ever called"]


def test_final_reads_must_be_there_if_they_were_wanted() -> None:
    run = Run().op("read")
    assert covered(run) == []
    missing = ["no final read succeeded, so what the nodes came to is not known"]
    assert covered(run, quiet_ns=QUIET_NS) == missing
    assert covered(run.quiet().op("read", outcome=Outcome.FAIL), quiet_ns=QUIET_NS) == missing
    assert covered(run.op("read"), quiet_ns=QUIET_NS) == []


def test_the_claim_is_valid_or_unknown() -> None:
    run = Run().op("read").op("write", 1, outcome=Outcome.FAIL)
    claim = Coverage(seconds=1, rate=200, planned=["kill"], asked=["cas"], quiet_ns=QUIET_NS)
    assert claim(run.history()) == Unknown(
        "no cas was ever called; none of the 1 write operations succeeded; none of the 1 planned kill faults"
        " was seen to bite; no final read succeeded, so what the nodes came to is not known",
        2,
    )
    assert Coverage(seconds=1, rate=200, planned=())(Run().op("read").history()) == Valid(1)


@pytest.mark.parametrize("seed", range(300))
def test_kinds_and_final_reads_equal_naive_counting(seed: int) -> None:
    dice = random.Random(seed)
    run = Run()
    for n in range(dice.randint(1, 8)):
        if n == 5:
            run.quiet()
        f = dice.choice(["read", "write", "cas"])
        run.op(f, [1, 2], outcome=dice.choice(list(Outcome)), process=n)
    asked = dice.sample(["read", "delete"], dice.randint(0, 2))
    numbers, good = Counter(op.f for op in run.ops), {op.f for op in run.ops if op.outcome == Outcome.OK}
    final = any(op.f == "read" and op.outcome == Outcome.OK and op.call_ns >= QUIET_NS for op in run.ops)
    told = covered(run, asked=asked, quiet_ns=QUIET_NS)
    assert any("no final read" in one for one in told) == (not final)
    if not good:
        assert told[0] == "only 0 operations succeeded in 1 s"
        return
    for f in {*numbers, *asked}:
        wanted = (
            f"none of the {numbers[f]} {f} operations succeeded" if numbers[f] else f"no {f} was ever called"
        )
        assert (wanted in told) == (f not in good), (f, told)
