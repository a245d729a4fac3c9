"""From the database to the record of a night, which its page, summary and XML are drawn from.

Invariant: every figure comes from the database, or from the night's own plan and end.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, get_args

from harness.campaign.grouping import groups_of, link
from harness.campaign.jobs import Cell, Result
from harness.campaign.store.database import Store
from harness.campaign.store.past import nights_of
from harness.campaign.tonight import Tonight
from harness.campaign.weighing import CellWord, trouble_of
from reports.campaign.record import Bug, CampaignRecord, CellRow, Group, Left, RunRow, Tally, Trend
from reports.campaign.record import Night as NightRow
from reports.words import count

NIGHTS = 30  # that are told of
TRENDS = (
    ("operations per second", "1/s", "rate"),
    ("latency, 99th percentile", "s", "p99_s"),
    ("recovery", "s", "recovery_s"),
    ("checker", "s", "judged_s"),
)


def summary_of(store: Store, tonight: Tonight, command: str) -> CampaignRecord:
    """The record of a night that ended, or was cut off."""
    plan, ended = tonight.night.plan, tonight.night.ended()
    rows = [row for row in nights_of(store, plan.campaign) if row["started_at"] <= plan.started_at]
    rows = [*(row for row in rows if row["id"] != plan.id), *(r for r in rows if r["id"] == plan.id)][
        -NIGHTS:
    ]
    ids = [row["id"] for row in rows]
    tallies = _tallies(store, ids)
    groups = tuple(groups_of(store, tonight, set(ids)))
    before = (
        {row["id"] for row in store.rows("SELECT id FROM cells WHERE night = ?", (ids[-2],))}
        if ids[1:]
        else set()
    )
    vanished = tuple(sorted(before - {cell.id for cell in plan.cells}))
    left = [*plan.left, *(ended.left if ended else ())]
    again = store.rows("SELECT * FROM triage WHERE fingerprint = ''")  # of runs that failed
    triaged = {row["run"]: f"; triage: {row['word']}, {row['shown']} of {row['runs']}" for row in again}
    return CampaignRecord(
        campaign=plan.campaign,
        night=plan.id,
        shard=plan.shard,
        exit_code=ended.exit_code if ended else None,
        seconds=ended.seconds if ended else 0.0,
        findings=tuple(_findings(tonight, groups, vanished)),
        notes=ended.notes if ended else ("the night was cut off; --resume goes on with it",),
        nights=tuple(_night_row(row, tallies, tonight) for row in rows),
        groups=groups,
        cells=tuple(_cell_row(cell, tonight, ids, tallies) for cell in plan.cells if not cell.bug),
        runs=tuple(_run_row(folder, result, tonight, triaged) for folder, result in tonight.results),
        trends=tuple(_trends(store, ids)),
        bugs=tuple(_bugs(store, tonight)),
        left=tuple(Left(one.what, one.why, one.runs) for one in left),
        vanished=vanished,
        environment={**plan.environment, **({"runs": plan.where} if plan.where else {})},
        command=command,
        folder=str(tonight.night.folder),
    )


def _tallies(store: Store, nights: Sequence[str]) -> dict[tuple[str, str], Tally]:
    """By night and cell."""
    marks = ", ".join("?" for _ in nights)
    query = f"""
      SELECT night, cell, count(*) AS runs, sum(outcome = 'valid') AS valid,
        sum(outcome = 'anomaly') AS anomalies,
        sum(outcome IN ('inconclusive', 'interrupted')) AS inconclusive, sum(outcome = 'failed') AS failed,
        sum(missed != '[]') AS missed
      FROM runs WHERE night IN ({marks}) GROUP BY night, cell
    """
    names = Tally.__struct_fields__
    return {
        (row["night"], row["cell"]): Tally(**{name: row[name] for name in names})
        for row in store.rows(query, nights)
    }


def _night_row(
    row: Mapping[str, Any], tallies: Mapping[tuple[str, str], Tally], tonight: Tonight
) -> NightRow:
    mine = {cell: tally for (night, cell), tally in tallies.items() if night == row["id"]}
    expects = {cell.id: cell.expect for cell in tonight.night.plan.cells}
    return NightRow(
        id=row["id"],
        started_at=row["started_at"],
        seconds=row["seconds"] or 0.0,
        runs=sum(tally.runs for tally in mine.values()),
        unexpected=sum(t.anomalies for cell, t in mine.items() if expects.get(cell, "valid") == "valid"),
        failed=sum(tally.failed for tally in mine.values()),
        inconclusive=sum(tally.inconclusive for tally in mine.values()),
        exit_code=row["exit_code"],
    )


def _cell_row(
    cell: Cell, tonight: Tonight, nights: Sequence[str], tallies: Mapping[tuple[str, str], Tally]
) -> CellRow:
    return CellRow(
        id=cell.id,
        system=cell.system,
        workload=cell.workload,
        nemeses=cell.nemeses,
        place=cell.place,
        expect=cell.expect,
        because=cell.because,
        verdict=tonight.words[cell.id],
        nights=tuple(tallies.get((night, cell.id)) for night in nights),
    )


def _run_row(folder: str, result: Result, tonight: Tonight, triaged: Mapping[str, str]) -> RunRow:
    metrics = result.metrics
    trouble = trouble_of(result)
    if (
        not trouble
        and result.outcome == "valid"
        and tonight.words.get(result.cell) == "expected anomaly gone"
    ):
        trouble = "an anomaly was expected and none was found"
    return RunRow(
        job=result.job,
        cell=result.cell,
        seed=result.seed,
        outcome=result.outcome,
        cause=result.cause,
        expect=result.expect,
        trouble=trouble + triaged.get(folder, "") if trouble else "",
        seconds=result.seconds,
        ops=metrics.ok + metrics.fail + metrics.info,
        fingerprint=result.violations[0].fingerprint if result.violations else "",
        replay=result.replay,
        report=link(tonight.night, folder),
    )


def _trends(store: Store, nights: Sequence[str]) -> Iterator[Trend]:
    """The median over a system's runs at a place, night by night; planted bugs are left out."""
    marks = ", ".join("?" for _ in nights)
    names = ", ".join(column for _, _, column in TRENDS)
    query = f"""
      SELECT night, system, place, {names} FROM runs
      WHERE night IN ({marks}) AND bug = '' AND outcome IN ('valid', 'anomaly')
    """
    values: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    for row in store.rows(query, nights):
        for _, _, column in TRENDS:
            if row[column] is not None:
                values[row["system"], row["place"], column, row["night"]].append(row[column])
    systems = sorted({(system, place) for system, place, _, _ in values})
    for system, place in systems:
        for what, unit, column in TRENDS:
            line = [values.get((system, place, column, night)) for night in nights]
            if any(line):
                medians = tuple(median(of) if of else None for of in line)
                yield Trend(f"{system} at {place}", what, unit, medians)


def _bugs(store: Store, tonight: Tonight) -> Iterator[Bug]:
    hunted = {result.cell: result for _, result in tonight.results if result.bug}
    query = """
      SELECT r.cell, r.night FROM runs r JOIN nights n ON n.id = r.night
      WHERE r.bug != '' AND r.outcome = 'anomaly' AND n.campaign = ? ORDER BY n.started_at, n.id
    """
    found = {row["cell"]: row["night"] for row in store.rows(query, (tonight.night.plan.campaign,))}
    for cell in tonight.night.plan.cells:
        if not cell.bug:
            continue
        result = hunted.get(cell.id)
        is_found = None if result is None or result.outcome == "failed" else result.outcome == "anomaly"
        yield Bug(
            system=cell.system,
            name=cell.bug,
            rule=cell.rule,
            found=is_found,
            seeds=result.tried if result is not None and is_found else None,
            anomaly=result.violations[0].anomaly if result is not None and result.violations else "",
            last_found=found.get(cell.id, ""),
            said="" if result is None else trouble_of(result),
        )


def _findings(tonight: Tonight, groups: Sequence[Group], vanished: Sequence[str]) -> Iterator[str]:
    """The worst first."""
    cells: dict[CellWord, list[str]] = {word: [] for word in get_args(CellWord)}
    for cell, word in tonight.words.items():
        cells[word].append(cell)
    new = sum(group.status == "new" and not group.expected for group in groups)
    ongoing = sum(group.status == "ongoing" and not group.expected for group in groups)
    if cells["unexpected anomaly"]:
        told = f"{count(new, 'new fingerprint')}, {ongoing} ongoing"
        yield f"Anomalies that nobody expected in {_names(cells['unexpected anomaly'])}: {told}."
    if cells["expected anomaly gone"]:
        yield f"An anomaly that was expected is gone in {_names(cells['expected anomaly gone'])}."
    failed = [result for _, result in tonight.results if result.outcome == "failed"]
    if failed:
        causes = Counter(result.cause or "the harness" for result in failed)
        told = ", ".join(f"{cause} {number}" for cause, number in causes.most_common())
        yield f"{count(len(failed), 'run')} failed ({told})."
    if cells["inconclusive"]:
        yield f"Undecided, or proving little: {_names(cells['inconclusive'])}."
    if cells["below a threshold"]:
        yield f"Below a threshold: {_names(cells['below a threshold'])}."
    if not tonight.results:
        yield "Nothing ran."
    if vanished:
        yield f"Not here any more: {_names(vanished)}, of the night before."


def _names(cells: Sequence[str], most: int = 3) -> str:
    more = len(cells) - most
    return ", ".join(cells[:most]) + (f" and {more} more" if more > 0 else "")
