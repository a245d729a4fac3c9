"""The runs of a sample night: as expected, unexpected, failed."""

from __future__ import annotations

from typing import Any

import msgspec

from reports.campaign.record import RunRow

REPLAY = "splitbrain run raft --workload register --nodes 5 --seed 4711 --time 60 --nemesis partition,kill"


def run(**changed: Any) -> RunRow:
    """A run as expected, with changes."""
    base = RunRow(
        job="raft/register/partition@local#1",
        cell="raft/register/partition@local",
        seed=1,
        outcome="valid",
        cause="",
        expect="valid",
        trouble="",
        seconds=64.25,
        ops=11_804,
        fingerprint="",
        replay=REPLAY,
        report="runs/00001/report.html",
    )
    return msgspec.structs.replace(base, **changed)


def runs() -> tuple[RunRow, ...]:
    return (*_unexpected_runs(), *_failed_runs(), *_expected_runs())


def _unexpected_runs() -> tuple[RunRow, ...]:
    return (
        run(seed=1),
        run(
            seed=4711,
            job="raft/register/partition@local#4711",
            outcome="anomaly",
            fingerprint="9f2c81d04b7e",
            trouble="an anomaly that nobody expected: not-linearizable",
            report="runs/00017/report.html",
        ),
        run(
            seed=4712,
            job="raft/register/partition@local#4712",
            outcome="anomaly",
            fingerprint="9f2c81d04b7e",
            trouble="an anomaly that nobody expected: not-linearizable",
            report="runs/00018/report.html",
        ),
    )


def _failed_runs() -> tuple[RunRow, ...]:
    hung = "raft/set/clock@local"
    return (
        run(
            seed=7,
            job=f"{hung}#7",
            cell=hung,
            outcome="failed",
            cause="hung",
            ops=0,
            seconds=600.0,
            trouble="it was killed after 600 s, its limit; its last line was: n2: waiting for a leader",
            report="",
        ),
        run(
            seed=8,
            job="raft/queue/@local#8",
            cell="raft/queue/@local",
            outcome="inconclusive",
            trouble="None of the 3 planned faults was installed.",
        ),
        run(
            seed=9,
            job="raft/counter/kill@local#9",
            cell="raft/counter/kill@local",
            trouble="812 operations succeeded, and at least 1,000 have to.",
        ),
    )


def _expected_runs() -> tuple[RunRow, ...]:
    return (
        run(
            seed=3,
            job="primary-backup/register/partition@local#3",
            cell="primary-backup/register/partition@local",
            outcome="anomaly",
            expect="anomaly",
            fingerprint="77aa01",
        ),
        run(
            seed=4,
            job="primary-backup/register/partition@local#4",
            cell="primary-backup/register/partition@local",
            expect="anomaly",
        ),
        run(
            seed=5,
            job="primary-backup/set/partition@local#5",
            cell="primary-backup/set/partition@local",
            expect="anomaly",
        ),
    )
