"""The numbers of small histories, known by hand, and the thresholds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.verdict import Valid
from harness.campaign.jobs import Metrics, Thresholds
from harness.campaign.metrics import below, metrics_of
from reports.record import ClaimResult, RunCard, RunRecord

S = 1_000_000_000


def op(call_s: float, took_s: float | None, outcome: Outcome = Outcome.OK) -> Op:
    call = round(call_s * S)
    ended = OPEN_NS if took_s is None else call + round(took_s * S)
    given_up = call + S if took_s is None else None
    return Op(0, 1, "write", "x", 1, None, outcome, call, ended, given_up)


def fault(number: int, begun_s: float, ended_s: float | None, status: str = "installed") -> Disturbance:
    ended = None if ended_s is None else round(ended_s * S)
    return Disturbance(number, "kill", ("n1",), "kill n1", 0, round(begun_s * S), ended, status)


def record(ops: list[Op], faults: tuple[Disturbance, ...] = (), **card: Any) -> RunRecord:
    said: dict[str, Any] = {"start_ns": 0, "end_ns": 10 * S, "recovery_s": None, "faults_planned": 0, **card}
    whole = RunCard(
        run_id="r",
        system="raft",
        workload="register",
        seed=1,
        plan_digest="",
        nodes=("n1",),
        outcome="valid",
        expect="valid",
        as_expected=True,
        exit_code=0,
        reasons=(),
        started_at="",
        heal_ns=None,
        first_ok_s=None,
        phases=(),
        config={},
        environment={},
        replay="",
        **said,
    )
    claims = (ClaimResult("a", "", Valid(1), 1.5), ClaimResult("b", "", Valid(1), 0.25))
    return RunRecord(whole, History.of(ops, faults), claims)


def test_a_small_history() -> None:
    ops = [op(n, 0.1 * (n + 1)) for n in range(5)]  # 0.1 s to 0.5 s
    ops += [op(5, 3.0, Outcome.FAIL), op(6, None, Outcome.INFO), op(7, None, Outcome.INFO)]
    faults = (fault(1, 2.2, 3.0), fault(2, 5.5, None, "skipped"), fault(3, 0, 99, "indeterminate"))
    faults += (fault(4, 7.5, 8.0),)
    metrics = metrics_of(record(ops, faults, start_ns=2 * S, recovery_s=0.75, faults_planned=9))
    assert metrics == Metrics(
        ok=5,
        fail=1,
        info=2,
        overlap=0.5,  # those called at 2 s (until 2.3 s), 3 s, 5 s (until 8 s), and 7 s
        rate=5 / 8,
        p50_s=0.3,
        p99_s=0.5,
        recovery_s=0.75,
        judged_s=1.75,
        planned=9,
        installed=2,
    )


def test_nothing_measured_is_none() -> None:
    metrics = metrics_of(record([op(1, 1.0, Outcome.FAIL), op(2, None, Outcome.INFO)]))
    assert (metrics.ok, metrics.p50_s, metrics.p99_s, metrics.recovery_s, metrics.rate) == (
        0,
        None,
        None,
        None,
        0,
    )
    empty = metrics_of(record([]))
    assert (empty.overlap, empty.p50_s, empty.fail, empty.info) == (0.0, None, 0, 0)


@pytest.mark.parametrize(
    ("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (4, 2, 4), (99, 50, 99), (100, 50, 99), (101, 51, 100)]
)  # fmt: skip
def test_quantiles_are_of_the_nearest_rank(count: int, p50: int, p99: int) -> None:
    ops = [op(n / 10, (n * 7919 % count + 1) / 1000) for n in range(count)]  # 1 ms, 2 ms, ... in any order
    metrics = metrics_of(record(ops))
    assert (metrics.p50_s, metrics.p99_s) == (p50 / 1000, p99 / 1000)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_the_quantile_is_the_least_that_a_share_does_not_exceed(taken_ms: list[int]) -> None:
    metrics = metrics_of(record([op(0, ms / 1000) for ms in taken_ms]))
    for share, found in ((0.5, metrics.p50_s), (0.99, metrics.p99_s)):
        enough = [ms for ms in taken_ms if sum(other <= ms for other in taken_ms) >= share * len(taken_ms)]
        assert found == min(enough) / 1000


def test_only_successes_have_latencies_and_a_rate() -> None:
    metrics = metrics_of(record([op(0, 0.5), op(1, 9.0, Outcome.FAIL), op(2, None, Outcome.INFO)]))
    assert (metrics.p50_s, metrics.p99_s, metrics.rate) == (0.5, 0.5, 0.1)


def test_a_run_without_length_has_no_rate() -> None:
    for end_ns in (3 * S, 2 * S):
        assert metrics_of(record([op(0, 0.5)], start_ns=3 * S, end_ns=end_ns)).rate == 0.0


def test_a_fault_that_was_never_undone_lasts_to_the_end() -> None:
    metrics = metrics_of(record([op(1, 1), op(3, 1), op(8, 1), op(9, 1)], (fault(1, 8.5, None),)))
    assert metrics.overlap == 0.5


ALL = Thresholds(ops_ok=100, overlap=0.25, recovery_s=5.0)
GOOD = {"ok": 100, "overlap": 0.25, "recovery_s": 5.0}
FEW = "99 operations succeeded, fewer than 100"
SPARED = "24 % of the operations met a fault, less than 25 %"
SLOW = "it recovered after 5.01 s, not within 5.00 s"
NEVER = "it recovered never, not within 5.00 s"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({}, ()),
        ({"ok": 99}, (FEW,)),
        ({"overlap": 0.24}, (SPARED,)),
        ({"recovery_s": 5.01}, (SLOW,)),
        ({"recovery_s": None}, (NEVER,)),
        ({"ok": 99, "overlap": 0.24, "recovery_s": None}, (FEW, SPARED, NEVER)),
    ],
)
def test_below_a_threshold(bad: dict[str, Any], said: tuple[str, ...]) -> None:
    metrics = Metrics(**{**GOOD, **bad})
    assert below(metrics, ALL, had_faults=True) == said
    assert below(metrics, ALL, had_faults=False) == tuple(one for one in said if one == FEW)
    assert below(metrics, Thresholds(unknown=0.0), had_faults=True) == ()


def test_thresholds_of_zero_are_thresholds() -> None:
    none = Thresholds(ops_ok=0, overlap=0.0, recovery_s=0.0)
    assert below(Metrics(recovery_s=0.0), none, had_faults=True) == ()
    assert below(Metrics(ok=-1, overlap=-0.5, recovery_s=0.1), none, had_faults=True) != ()
    assert len(below(Metrics(ok=-1, overlap=-0.5, recovery_s=0.1), none, had_faults=True)) == 3
