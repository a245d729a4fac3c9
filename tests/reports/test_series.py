"""Columns against naive arithmetic over single operations."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.overlap import met_fault
from reports.series import Bins, choose_bins, latency, outcome_counts, overlap_share, rates


def some_history(seed: int) -> History:
    """A small history with all outcomes, ties and faults of every status."""
    rng = random.Random(seed)
    ops = []
    for n in range(rng.randrange(1, 60)):
        call = rng.randrange(0, 1000)
        outcome = rng.choice(list(Outcome))
        end = call + rng.randrange(0, 80)
        given_up = None if outcome is Outcome.INFO and rng.random() < 0.3 else end
        returns = OPEN_NS if outcome is Outcome.INFO else end
        ops.append(Op(n, n, "read", "k", None, None, outcome, call, returns, given_up))
    faults = []
    for i in range(rng.randrange(0, 6)):
        at = rng.randrange(0, 1000)
        status = rng.choice(("installed", "installed", "skipped", "indeterminate"))
        ended = None if rng.random() < 0.2 else at + rng.randrange(0, 100)
        faults.append(Disturbance(i, "kill", (), "", at, at, ended, status))
    return History.of(ops, faults)


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_rates_and_counts_equal_naive_counting(seed: int) -> None:
    history, bins = some_history(seed), Bins(0, 900, 9)
    found = rates(history, bins)
    for outcome in Outcome:
        own = [op for op in history if op.outcome is outcome]
        assert outcome_counts(history)[outcome] == len(own)
        for b in range(9):
            inside = [op for op in own if min(op.call_ns // 100, 8) == b]
            assert found[outcome][b] == pytest.approx(len(inside) / 100e-9), f"seed {seed}, bin {b}"


@pytest.mark.parametrize("seed", SEEDS)
def test_latency_quantiles_are_nearest_ranks(seed: int) -> None:
    history, bins = some_history(seed), Bins(0, 1000, 5)
    curves = latency(history, bins, (0.5, 0.99))
    for b in range(5):
        taken = sorted(
            (op.return_ns - op.call_ns) / 1e9
            for op in history
            if op.outcome is Outcome.OK and min(op.call_ns // 200, 4) == b
        )
        for q, curve in zip((0.5, 0.99), curves, strict=True):
            if not taken:
                assert math.isnan(curve[b])
            else:
                rank = next(r for r in range(1, len(taken) + 1) if r / len(taken) >= q)
                assert curve[b] == pytest.approx(taken[rank - 1]), f"seed {seed}, bin {b}, q {q}"


@pytest.mark.parametrize("seed", SEEDS)
def test_overlap_equals_looking_at_every_pair(seed: int) -> None:
    history = some_history(seed)
    expected = []
    for op in history:
        end = op.return_ns if op.outcome is not Outcome.INFO else op.given_up_ns or op.call_ns
        expected.append(
            any(
                f.status == "installed"
                and (f.begun_ns or 0) <= end
                and op.call_ns <= (1100 if f.ended_ns is None else f.ended_ns)
                for f in history.disturbances
            )
        )
    assert met_fault(history, history.disturbances, 1100).tolist() == expected, f"seed {seed}"
    assert overlap_share(history, history.disturbances, 1100) == pytest.approx(np.mean(expected))


def test_an_empty_history_has_no_overlap_and_empty_bins() -> None:
    empty = History.of([])
    assert overlap_share(empty, (), 10) == 0
    assert choose_bins(5, 5, 0) == Bins(5, 6, 1)
    assert all(math.isnan(v) for v in latency(empty, Bins(0, 10, 2))[0])
