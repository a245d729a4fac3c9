"""What earlier nights left, asked of the database.

Invariants: a campaign is its name; nights are in order of their start; what is said of the past depends on
the database alone.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import msgspec

from harness.campaign.jobs import Metrics, Result, Violation
from harness.campaign.order import Known, Past
from harness.campaign.store.database import Store
from harness.campaign.weighing import is_failure

RECENT = 20  # runs of a cell whose times tell how long the next takes
_METRICS = Metrics.__struct_fields__


def nights_of(store: Store, campaign: str) -> list[dict[str, Any]]:
    """The campaign's nights, the oldest first."""
    query = "SELECT * FROM nights WHERE campaign = ? ORDER BY started_at, id"
    return [dict(row) for row in store.rows(query, (campaign,))]


def results_of(store: Store, night: str) -> list[tuple[str, Result]]:
    """The runs of a night with their folders, in the order of their numbers; violations without shapes."""
    found: dict[str, list[Violation]] = {}
    query = """
      SELECT v.* FROM violations v JOIN runs r ON r.folder = v.run WHERE r.night = ? ORDER BY v.run, v.number
    """
    for row in store.rows(query, (night,)):
        found.setdefault(row["run"], []).append(violation_of(dict(row)))
    runs = store.rows("SELECT * FROM runs WHERE night = ? ORDER BY number", (night,))
    return [(row["folder"], _result(dict(row), found.get(row["folder"], []))) for row in runs]


def violation_of(row: dict[str, Any]) -> Violation:
    """From a row of the table."""
    names = ("claim", "model", "anomaly", "sentence", "size", "fingerprint", "shape")
    return Violation(**{name: row[name] for name in names}, faults=faults_of(row["faults"]))


def faults_of(text: str) -> tuple[str, ...]:
    """The kinds in a column."""
    return tuple(text.split(",")) if text else ()


def _result(row: dict[str, Any], violations: list[Violation]) -> Result:
    told = {name: msgspec.json.decode(row[name]) for name in ("said", "missed")}
    metrics = {name: row[name] for name in _METRICS}
    result = msgspec.convert({**row, **told, "metrics": metrics, "violations": ()}, Result)
    return msgspec.structs.replace(result, violations=tuple(violations))


def past_of(store: Store, campaign: str) -> Past:
    """What the next night of the campaign begins with."""
    nights = nights_of(store, campaign)
    if not nights:
        return Past(seconds=_seconds(store))
    failed = _failed(store, nights)
    return Past(
        failed, _known(store, campaign), _newest(store, campaign), _last_run(store, campaign), _seconds(store)
    )


def _failed(store: Store, nights: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Of the last night in which anything ran."""
    for night in reversed(nights):
        results = [result for _, result in results_of(store, night["id"])]
        if results:
            return [(result.cell, result.seed) for result in results if is_failure(result)]
    return []


def _known(store: Store, campaign: str) -> list[Known]:
    """Fingerprints that were not gone when they were last looked for, the smallest counter-examples first."""
    query = """
      SELECT v.fingerprint, r.cell, r.seed, v.size, max(r.started_at) AS seen
      FROM violations v JOIN runs r ON r.folder = v.run JOIN nights n ON n.id = r.night
      WHERE n.campaign = ? AND r.bug = ''
      GROUP BY v.fingerprint, r.cell, r.seed ORDER BY v.size = 0, v.size, seen DESC, r.cell, r.seed
    """
    again = last_conclusive(store, campaign)
    known: dict[str, Known] = {}
    for row in store.rows(query, (campaign,)):
        if again.get((row["cell"], row["seed"]), "") > row["seen"]:
            continue  # done again since, and it did not show
        known.setdefault(row["fingerprint"], Known(row["fingerprint"], row["cell"], row["seed"]))
    return list(known.values())


def last_conclusive(store: Store, campaign: str, *, but: str = "") -> dict[tuple[str, int], str]:
    """When each cell and seed was last run to an end that says something; `but` is a night left out."""
    query = """
      SELECT r.cell, r.seed, max(r.started_at) AS last FROM runs r JOIN nights n ON n.id = r.night
      WHERE n.campaign = ? AND n.id != ? AND r.outcome IN ('valid', 'anomaly') GROUP BY r.cell, r.seed
    """
    return {(row["cell"], row["seed"]): row["last"] for row in store.rows(query, (campaign, but))}


def _newest(store: Store, campaign: str) -> dict[str, int]:
    """Of jobs that were planned, not only of those that were done: what one shard skips, another one did."""
    query = """
      SELECT r.cell, max(r.seed) AS newest FROM runs r JOIN nights n ON n.id = r.night
      WHERE n.campaign = ? AND r.why IN ('new seed', 'failed last night', 'known') GROUP BY r.cell
    """
    return {row["cell"]: row["newest"] for row in store.rows(query, (campaign,))}


def _last_run(store: Store, campaign: str) -> dict[str, str]:
    query = """
      SELECT r.cell, max(r.started_at) AS last FROM runs r JOIN nights n ON n.id = r.night
      WHERE n.campaign = ? GROUP BY r.cell
    """
    return {row["cell"]: row["last"] for row in store.rows(query, (campaign,))}


def _seconds(store: Store) -> dict[str, float]:
    """The usual time of each cell's run."""
    query = """
      SELECT cell, seconds FROM (
        SELECT cell, seconds, row_number() OVER (PARTITION BY cell ORDER BY started_at DESC, folder) AS n
        FROM runs WHERE night IS NOT NULL
      ) WHERE n <= ?
    """
    times: dict[str, list[float]] = {}
    for row in store.rows(query, (RECENT,)):
        times.setdefault(row["cell"], []).append(row["seconds"])
    return {cell: median(of) for cell, of in times.items()}
