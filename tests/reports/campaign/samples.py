"""Nights of a campaign as real ones end: one with all that can go wrong, one as expected, one in which
nothing ran. `extremes` has a huge one and a hostile one.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec

from reports.campaign.record import (
    Bug,
    CampaignRecord,
    CellRow,
    Group,
    Left,
    Night,
    Tally,
    Trend,
)
from tests.reports.campaign.sample_runs import REPLAY, run, runs
from tests.reports.samples import stale_read_example

__all__ = ["REPLAY", "run", "runs"]

SENTENCE = (
    "Key k3: process 2 read 3 from n1 at 9.902 s, although process 7's write of 7, acknowledged by n2 at "
    "9.887 s, had already replaced it."
)


def nights(count: int) -> tuple[Night, ...]:
    """So many nights, the last one with two unexpected anomalies, a failure and an inconclusive run."""
    last = count - 1
    return tuple(
        Night(
            f"2026-03-{n + 1:02d}",
            f"2026-03-{n + 1:02d}T22:00:00+00:00",
            6 * 3600 + 61.0 * n,
            9,
            2 * (n == last),
            1 * (n == last),
            1 * (n == last),
            1 if n == last else 0,
        )
        for n in range(count)
    )


def group(**changed: Any) -> Group:
    """A new stale read of raft, with changes."""
    base = Group(
        fingerprint="9f2c81d04b7e",
        status="new",
        expected=False,
        because="",
        system="raft",
        workload="register",
        place="local",
        model="cas-register",
        anomaly="not-linearizable",
        faults=("partition", "kill"),
        tonight=2,
        total=2,
        first_seen="2026-03-14",
        last_seen="2026-03-14",
        sentence=SENTENCE,
        example=stale_read_example(),
        seed=4711,
        replay=REPLAY,
        report="runs/00017/report.html",
    )
    return msgspec.structs.replace(base, **changed)


def cell(system: str, workload: str, nemeses: str, **changed: Any) -> CellRow:
    """A cell as expected, not yet run in any night, with changes."""
    base = CellRow(
        id=f"{system}/{workload}/{nemeses}@local",
        system=system,
        workload=workload,
        nemeses=nemeses,
        place="local",
        expect="valid",
        because="",
        verdict="as expected",
        nights=(),
    )
    return msgspec.structs.replace(base, **changed)


def tallies(seed: int, count: int, last: Tally | None, expected: bool = False) -> tuple[Tally | None, ...]:
    """So many nights of a cell; `last` is tonight's."""
    rng = random.Random(f"tallies {seed}")
    made: list[Tally | None] = []
    for _ in range(count - 1):
        draw = rng.random()
        if draw < 0.06:
            made.append(None)
        elif expected:
            hits = 0 if draw < 0.15 else rng.randint(1, 3)
            made.append(Tally(3, 3 - hits, hits))
        else:
            undecided = int(draw > 0.9)
            made.append(Tally(3, 3 - undecided, 0, undecided))
    return (*made, last)


def _cells(n: int) -> tuple[CellRow, ...]:
    because = "the old primary answers reads while it is cut off"
    return (
        cell(
            "raft",
            "register",
            "partition",
            verdict="unexpected anomaly",
            nights=tallies(1, n, Tally(5, 3, 2)),
        ),
        cell("raft", "register", "kill+pause", nights=tallies(2, n, Tally(5, 5))),
        cell("raft", "set", "clock", verdict="failed", nights=tallies(3, n, Tally(5, 4, 0, 0, 1))),
        cell("raft", "queue", "", verdict="inconclusive", nights=tallies(4, n, Tally(5, 4, 0, 1))),
        cell(
            "raft",
            "counter",
            "kill",
            verdict="below a threshold",
            nights=tallies(5, n, Tally(5, 5, missed=2)),
        ),
        cell(
            "primary-backup",
            "register",
            "partition",
            expect="anomaly",
            because=because,
            nights=tallies(6, n, Tally(5, 2, 3), True),
        ),
        cell(
            "primary-backup",
            "set",
            "partition",
            expect="anomaly",
            because=because,
            verdict="expected anomaly gone",
            nights=tallies(7, n, Tally(5, 5), True),
        ),
        cell("paxos", "register", "partition", verdict="not run", nights=tallies(8, n, None)),
    )


def _groups() -> tuple[Group, ...]:
    old = {"tonight": 1, "total": 9, "first_seen": "2026-03-02"}
    return (
        group(
            fingerprint="a1",
            status="gone",
            tonight=0,
            total=4,
            first_seen="2026-03-02",
            last_seen="2026-03-11",
            workload="queue",
            anomaly="lost",
        ),
        group(
            fingerprint="77aa01",
            expected=True,
            because="the old primary answers reads while it is cut off",
            status="ongoing",
            system="primary-backup",
            **old,
        ),
        group(
            fingerprint="b2",
            status="ongoing",
            workload="set",
            anomaly="read-your-writes+monotonic-reads",
            known="known: a client's session is not pinned",
            example=None,
            report="../2026-03-02/runs/00003/report.html",
            **old,
        ),
        group(),
        group(
            fingerprint="c3",
            status="not looked for",
            tonight=0,
            total=1,
            first_seen="2026-03-02",
            last_seen="2026-03-02",
            system="paxos",
            report="",
        ),
    )


def trends(n: int) -> tuple[Trend, ...]:
    """Four trends of two systems over `n` nights, those of recovery with gaps."""
    rng = random.Random("trends")

    def values(middle: float, gaps: bool = False) -> tuple[float | None, ...]:
        return tuple(
            None if gaps and rng.random() < 0.3 else middle * (0.8 + 0.4 * rng.random()) for _ in range(n)
        )

    return tuple(
        Trend(of, what, unit, values(middle * scale, gaps))
        for of, scale in (("raft @ local", 1.0), ("primary-backup @ local", 1.7))
        for what, unit, middle, gaps in (
            ("operations per second", "1/s", 1204.0, False),
            ("latency, 99th percentile", "s", 0.041, False),
            ("recovery", "s", 1.4, True),
            ("checker", "s", 0.9, False),
        )
    )


def eventful(count: int = 14) -> CampaignRecord:
    """A night with all that can go wrong, the last of `count`."""
    return CampaignRecord(
        campaign="nightly",
        night="2026-03-14",
        shard="1/2",
        exit_code=1,
        seconds=6 * 3600 + 793.0,
        findings=(
            "raft register shows a stale read that was never seen before (9f2c81d04b7e, 2 runs).",
            "primary-backup set: the expected anomaly did not show in any of 5 runs.",
            "1 run failed: raft/set/clock@local#7 hung.",
        ),
        notes=("1 machine was not reached and did without.",),
        nights=nights(count),
        groups=_groups(),
        cells=_cells(count),
        runs=runs(),
        trends=trends(count),
        bugs=(
            Bug(
                "raft",
                "forgets-votes",
                "A node votes once in a term.",
                True,
                3,
                "not-linearizable",
                "2026-03-14",
            ),
            Bug(
                "raft", "acks-early", "An entry is committed by a majority.", False, 100, "lost", "2026-03-13"
            ),
            Bug("paxos", "reuses-ballots", "Ballots are unique.", None, None, "", "", "its time was over"),
        ),
        left=(
            Left("paxos/register/partition@local", "the night's time was over", 12),
            Left("raft/set/clock@docker", "there is no docker here", 3),
        ),
        vanished=("raft/mutex/partition@local",),
        environment={
            "splitbrain": "0.1.0",
            "python": "3.11.2",
            "kernel": "Linux 6.1.0-18-amd64",
            "cores": "4",
        },
        command="splitbrain campaign run nightly.toml --shard 1/2",
        folder="campaigns/nightly/2026-03-14",
    )


def quiet(count: int = 3) -> CampaignRecord:
    """A night as expected."""
    record = eventful(count)
    return msgspec.structs.replace(
        record,
        exit_code=0,
        findings=(),
        notes=(),
        nights=tuple(
            msgspec.structs.replace(n, unexpected=0, failed=0, inconclusive=0, exit_code=0)
            for n in record.nights
        ),
        groups=tuple(g for g in record.groups if g.expected),
        cells=tuple(c for c in record.cells if c.verdict == "as expected"),
        runs=tuple(r for r in record.runs if not r.trouble),
        bugs=record.bugs[:1],
        left=(),
        vanished=(),
    )


def empty() -> CampaignRecord:
    """The first night of a campaign in which nothing ran."""
    return CampaignRecord(
        "nightly",
        "2026-03-14",
        "",
        5,
        0.2,
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        {},
        "splitbrain campaign run",
        "",
    )
