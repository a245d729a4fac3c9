"""What a campaign is made of: cells of its matrix, jobs (one run each), and what came of a job.

Invariants: plain data, JSON both ways (msgspec); a job's id is unique in its night, and names the same thing
in every night; a result holds all that the store has of a run, so that it can be made anew from the folders.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

RESULT_VERSION = 1
Expect = Literal["valid", "anomaly"]
Why = Literal["failed last night", "known", "pinned", "new seed", "hunt"]
Cause = Literal["", "hung", "memory", "killed", "crashed", "plug-in", "disk", "corrupt", "prerequisite"]


class Limits(msgspec.Struct, frozen=True):
    """Of the process of one run: seconds on the wall clock; MB that it and all its children hold; MB of files
    in its folder.
    """

    time_s: float
    memory_mb: int
    disk_mb: int


class Thresholds(msgspec.Struct, frozen=True):
    """What a run has to reach, else it is below a threshold; None: nothing. overlap, unknown: shares from 0
    to 1 (unknown: of a cell's runs that may be inconclusive); recovery_s: at most.
    """

    ops_ok: int | None = None
    overlap: float | None = None
    recovery_s: float | None = None
    unknown: float | None = None


class Cell(msgspec.Struct, frozen=True):
    """One combination of the matrix. system: its name in the campaign's file; values: what
    `harness.config.configure` takes, but for the seed; tries: seeds for one job, of which one must show the
    expected anomaly (a hunt); bug: the planted bug that it has, and the rule that it breaks.
    """

    id: str
    system: str
    workload: str
    nemeses: str
    place: str
    values: dict[str, Any]
    limits: Limits
    expect: Expect = "valid"
    because: str = ""
    tries: int = 1
    bug: str = ""
    rule: str = ""


class Job(msgspec.Struct, frozen=True):
    """One run that is to be done. number: its place in the night's list, and its folder's name; cell: its
    id; fingerprint: of the anomaly that it is done again for, "" for none.
    """

    number: int
    cell: str
    seed: int
    why: Why
    fingerprint: str = ""

    @property
    def id(self) -> str:
        """Unique in its night; the same thing in every night."""
        return f"{self.cell}#{self.seed}"


class Task(msgspec.Struct, frozen=True):
    """A job with all that a process needs to do it, wherever that is."""

    night: str
    job: Job
    cell: Cell
    thresholds: Thresholds

    @property
    def values(self) -> dict[str, Any]:
        """What `harness.config.configure` takes."""
        return {**self.cell.values, "seed": self.job.seed, "expect": self.cell.expect}


class LeftOut(msgspec.Struct, frozen=True):
    """Runs that are not part of the night. what: a cell or a job; why: in words; runs: how many."""

    what: str
    why: str
    runs: int


class Metrics(msgspec.Struct, frozen=True):
    """Numbers of one run. overlap: the share of operations that met a fault; rate: successes per second;
    latencies in seconds, of successes; judged_s: what the checkers took.
    """

    ok: int = 0
    fail: int = 0
    info: int = 0
    overlap: float = 0.0
    rate: float = 0.0
    p50_s: float | None = None
    p99_s: float | None = None
    recovery_s: float | None = None
    judged_s: float = 0.0
    planned: int = 0
    installed: int = 0


class Violation(msgspec.Struct, frozen=True):
    """A claim that a run broke. size: operations of the counter-example, 0 if it has none; shape: what the
    fingerprint is a hash of; faults: kinds that were active.
    """

    claim: str
    model: str
    anomaly: str
    sentence: str
    size: int
    fingerprint: str
    shape: str
    faults: tuple[str, ...]


class Result(msgspec.Struct, frozen=True):
    """What came of a job; `result.json` in its folder, written last.

    outcome: as on a run's card; cause: what made it fail. said: why, in sentences. missed: the thresholds
    that it is below, in sentences. seed: the one whose run stands in the folder; tried: how many were. trace:
    SHA-256 of the history's lines, "" if there are none; workload, nemeses: as they turned out.
    """

    night: str
    job: str
    number: int
    cell: str
    system: str
    workload: str
    nemeses: str
    place: str
    bug: str
    expect: Expect
    why: Why
    looked_for: str
    seed: int
    tried: int
    outcome: str
    cause: Cause
    said: tuple[str, ...]
    missed: tuple[str, ...]
    started_at: str
    seconds: float
    replay: str
    plan: str
    trace: str
    metrics: Metrics
    violations: tuple[Violation, ...] = ()
    version: int = RESULT_VERSION
