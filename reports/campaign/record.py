"""What is known of a campaign's night after it ended: what its page, summary and XML are drawn from.

Invariants: plain data, JSON both ways (msgspec); nights are in order, the oldest first, and the last one is
the night that is told of; whatever has a value per night has as many values as there are nights.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from checkers.verdict import CounterExample

Status = Literal["new", "ongoing", "gone", "not looked for"]


class Night(msgspec.Struct, frozen=True):
    """One night. runs: that ended in it; unexpected: anomalies nobody expected; exit_code: None while it goes
    on, or when it was killed.
    """

    id: str
    started_at: str
    seconds: float
    runs: int
    unexpected: int
    failed: int
    inconclusive: int
    exit_code: int | None


class Group(msgspec.Struct, frozen=True):
    """All failures of one fingerprint.

    status: new, if this night saw it first; ongoing, if an earlier one did; gone, if its run was done again
    and showed nothing; "not looked for" if no run of tonight could have shown it. faults: kinds that were
    active. tonight: how many runs showed it, total: of all nights. first_seen, last_seen: ids of nights.
    sentence, example, replay, seed: of the smallest counter-example that was ever seen; report: the page of
    its run, as a link from the night's folder, "" if there is none. known: what triage said of it, "" for
    nothing.
    """

    fingerprint: str
    status: Status
    expected: bool
    because: str
    system: str
    workload: str
    place: str
    model: str
    anomaly: str
    faults: tuple[str, ...]
    tonight: int
    total: int
    first_seen: str
    last_seen: str
    sentence: str
    example: CounterExample | None
    seed: int
    replay: str
    report: str
    known: str = ""


class Tally(msgspec.Struct, frozen=True):
    """How the runs of a cell in one night ended. missed: runs that were below a threshold."""

    runs: int = 0
    valid: int = 0
    anomalies: int = 0
    inconclusive: int = 0
    failed: int = 0
    missed: int = 0


class CellRow(msgspec.Struct, frozen=True):
    """One cell of the matrix. because: why an anomaly is expected. nights: None where it was not run.

    verdict: "as expected" | "unexpected anomaly" | "expected anomaly gone" | "failed" | "inconclusive" |
    "below a threshold" | "not run".
    """

    id: str
    system: str
    workload: str
    nemeses: str
    place: str
    expect: Literal["valid", "anomaly"]
    because: str
    verdict: str
    nights: tuple[Tally | None, ...]


class RunRow(msgspec.Struct, frozen=True):
    """One run of tonight. outcome: "valid" | "anomaly" | "inconclusive" | "failed" | "interrupted"; cause:
    what made it fail ("hung", "memory", "killed", "crashed", "plug-in", "disk", "corrupt"), or "". trouble:
    what a person has to look at, in a sentence; "" for a run that is as expected.
    """

    job: str
    cell: str
    seed: int
    outcome: str
    cause: str
    expect: Literal["valid", "anomaly"]
    trouble: str
    seconds: float
    ops: int
    fingerprint: str
    replay: str
    report: str


class Trend(msgspec.Struct, frozen=True):
    """A number per night (None: not measured), the median over the runs of `of` (a system at a place).

    what: "operations per second", "latency, 99th percentile", "recovery", "checker"; unit: "1/s" or "s".
    """

    of: str
    what: str
    unit: str
    values: tuple[float | None, ...]


class Bug(msgspec.Struct, frozen=True):
    """A planted bug. found: whether tonight's hunt found it (None: not hunted); seeds: how many it took;
    last_found: the id of the last night that found it, "" for none.
    """

    system: str
    name: str
    rule: str
    found: bool | None
    seeds: int | None
    anomaly: str
    last_found: str
    said: str = ""


class Left(msgspec.Struct, frozen=True):
    """Runs that were not done. what: a cell, or a job; why: in words; runs: how many."""

    what: str
    why: str
    runs: int


class CampaignRecord(msgspec.Struct, frozen=True):
    """One night, whole. seconds: wall-clock time. findings: sentences, the worst first, empty if all is as
    expected. vanished: cells that the night before had and this one has not. folder: of the night.
    """

    campaign: str
    night: str
    shard: str
    exit_code: int | None
    seconds: float
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    nights: tuple[Night, ...]
    groups: tuple[Group, ...]
    cells: tuple[CellRow, ...]
    runs: tuple[RunRow, ...]
    trends: tuple[Trend, ...]
    bugs: tuple[Bug, ...]
    left: tuple[Left, ...]
    vanished: tuple[str, ...]
    environment: dict[str, str]
    command: str
    folder: str
