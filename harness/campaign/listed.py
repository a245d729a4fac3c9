"""`splitbrain list runs|nights|fingerprints`: what the database knows, once it saw what is new in folders.

Invariants: a run that was killed before it had a card is listed with that reason; where the folder of runs
cannot be written, so that there can be no database, cards are read instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.campaign.store.database import Store
from harness.campaign.store.index import folders_in, refresh
from harness.errors import ConfigError
from reports import archive

Row = dict[str, Any]
_DECIDED = (archive.PLAN, archive.HISTORY)


def rows_of(what: str, root: Path) -> list[Row]:
    """The rows to show; none if there is no such folder. Raises ConfigError, EnvironmentFault."""
    if not root.exists():
        return []
    if not os.access(root, os.W_OK):
        return _from_cards(root) if what == "runs" else []
    with Store(root) as store:
        match what:
            case "runs":
                return _runs(store)
            case "nights":
                return [_night(dict(row)) for row in store.rows(_NIGHTS)]
        query = "SELECT * FROM fingerprints ORDER BY last_seen DESC, id"
        return [_fingerprint(dict(row)) for row in store.rows(query)]


def _runs(store: Store) -> list[Row]:
    refresh(store)
    query = "SELECT folder, outcome, system, workload, seed, cause FROM runs ORDER BY started_at DESC, folder"
    root = str(store.root)
    rows = [
        {
            "name": os.path.join(root, row["folder"]),
            "help": _said(row["outcome"], row["cause"], row["system"], row["workload"], row["seed"]),
            "outcome": row["outcome"],
        }
        for row in store.rows(query)
    ]
    return rows + list(_without_card(store))


def _said(outcome: str, cause: str, system: str, workload: str, seed: int) -> str:
    return f"{outcome}{f' ({cause})' if cause else ''}, {system} {workload}, seed {seed}"


def _without_card(store: Store) -> Iterator[Row]:
    known = {row["folder"] for row in store.rows("SELECT folder FROM runs WHERE night IS NULL")}
    for folder in folders_in(store.root):
        if folder.name not in known and any((folder / name).exists() for name in (archive.CARD, *_DECIDED)):
            yield _summarised(archive.summary(folder))


def _summarised(run: archive.RunSummary) -> Row:
    card = run.card
    if card is None:
        return {"name": str(run.folder), "help": run.problem, "outcome": None}
    said = _said(card.outcome, "", card.system, card.workload, card.seed)
    return {"name": str(run.folder), "help": said, "outcome": card.outcome}


def _from_cards(root: Path) -> list[Row]:
    try:
        return [_summarised(run) for run in archive.list_runs(root)]
    except archive.ArchiveError as error:
        raise ConfigError(f"{error.path}: {error.problem}", fix=error.fix) from error


_NIGHTS = """
  SELECT n.*, count(r.folder) AS done FROM nights n LEFT JOIN runs r ON r.night = n.id
  GROUP BY n.id ORDER BY n.started_at DESC, n.id
"""


def _night(row: Row) -> Row:
    how = "did not end" if row["exit_code"] is None else f"exit {row['exit_code']}"
    said = f"{row['campaign']}, {row['started_at']}, {row['done']} of {row['jobs']} runs, {how}"
    return {"name": row["id"], "help": said, **row}


def _fingerprint(row: Row) -> Row:
    said = (
        f"{row['anomaly']}, {row['model']}, {row['runs']} runs, {row['first_night']} to {row['last_night']}"
    )
    return {"name": row["id"], "help": said, **row}
