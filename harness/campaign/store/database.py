"""The results' database of one folder of runs, `RUNS/splitbrain.db` (SQLite, WAL).

Invariants: it holds nothing that is not in the folders; adding a thing again changes nothing; several
campaigns may write at a time. Paths in it are relative to the folder of runs, so that the whole can be moved.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from harness.campaign.jobs import LeftOut, Metrics, Result
from harness.campaign.night import Ended, NightPlan
from harness.campaign.store.schema import TABLES, migrate
from harness.campaign.triaged import Triaged
from harness.errors import EnvironmentFault
from reports.record import RunCard

NAME = "splitbrain.db"
WAIT_S = 60.0
_METRICS = Metrics.__struct_fields__
_OF_RUN = (
    *("folder", "night", "job", "number", "cell", "system", "workload", "nemeses", "place", "bug", "expect"),
    *("why", "looked_for", "seed", "tried", "outcome", "cause", "said", "missed", "started_at", "seconds"),
    *("replay", "plan", "trace"),
    *_METRICS,
)
_INSERT_RUN = f"INSERT OR REPLACE INTO runs ({', '.join(_OF_RUN)}) VALUES ({', '.join('?' for _ in _OF_RUN)})"


class Store:
    """An open database; one thread uses it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / NAME
        try:
            root.mkdir(parents=True, exist_ok=True)
            # Autocommit: transactions are begun and ended by `_changing` alone.
            self._db = sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")  # it can be made anew; the folders are synced
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from None
        try:
            migrate(self._db, str(self.path))
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def _fault(self, error: Exception) -> EnvironmentFault:
        return EnvironmentFault(
            f"{self.path}: {error}", fix=f"make it anew: splitbrain reindex --runs {self.root}"
        )

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """What a query finds. Raises EnvironmentFault."""
        try:
            return self._db.execute(query, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def relative(self, folder: Path) -> str:
        """A folder's name in the database."""
        return folder.resolve().relative_to(self.root.resolve()).as_posix()

    def add_night(self, folder: Path, plan: NightPlan, ended: Ended | None) -> None:
        """A night, and how it ended if it has."""
        left = (*plan.left, *(ended.left if ended else ()))
        row = (
            *(plan.id, plan.campaign, plan.started_at, plan.shard, plan.file, plan.command, len(plan.jobs)),
            self.relative(folder),
            *((ended.ended_at, ended.seconds, ended.exit_code) if ended else (None, None, None)),
        )
        with self._changing() as db:
            db.execute(f"INSERT OR REPLACE INTO nights VALUES ({', '.join('?' * len(row))})", row)
            db.execute("DELETE FROM cells WHERE night = ?", (plan.id,))
            db.executemany(
                "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        plan.id,
                        c.id,
                        c.system,
                        c.workload,
                        c.nemeses,
                        c.place,
                        c.expect,
                        c.because,
                        c.bug,
                        c.rule,
                    )
                    for c in plan.cells
                ],
            )
            self._add_left(db, plan.id, left)

    @staticmethod
    def _add_left(db: sqlite3.Connection, night: str, left: Iterable[LeftOut]) -> None:
        db.execute("DELETE FROM left_out WHERE night = ?", (night,))
        rows = [(night, one.what, one.why, one.runs) for one in left]
        db.executemany("INSERT INTO left_out VALUES (?, ?, ?, ?)", rows)

    def add_runs(self, runs: Iterable[tuple[Path, Result]]) -> None:
        """Results of a night's runs, with their folders."""
        with self._changing() as db:
            for folder, result in runs:
                self._add_run(db, self.relative(folder), result)

    def _add_run(self, db: sqlite3.Connection, folder: str, result: Result) -> None:
        metrics = [getattr(result.metrics, name) for name in _METRICS]
        plain = [getattr(result, name) for name in _OF_RUN[1 : -len(_METRICS)]]
        told = [msgspec.json.encode(x).decode() if isinstance(x, tuple) else x for x in plain]
        db.execute(_INSERT_RUN, (folder, *told, *metrics))
        db.execute("DELETE FROM violations WHERE run = ?", (folder,))
        db.executemany(
            "INSERT INTO violations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    folder,
                    n,
                    v.claim,
                    v.model,
                    v.anomaly,
                    v.sentence,
                    v.size,
                    v.fingerprint,
                    v.shape,
                    ",".join(v.faults),
                )
                for n, v in enumerate(result.violations)
            ],
        )

    def add_cards(self, cards: Iterable[tuple[Path, RunCard]]) -> None:
        """Runs that are no campaign's."""
        with self._changing() as db:
            for folder, card in cards:
                values = {
                    "folder": self.relative(folder),
                    "night": None,
                    **dict.fromkeys(("job", "cell", "bug", "why", "looked_for", "cause", "trace"), ""),
                    **{"number": 0, "tried": 1, "missed": "[]", "place": str(card.config.get("place", ""))},
                    **{"system": card.system, "workload": card.workload, "seed": card.seed},
                    **{"nemeses": str(card.config.get("nemeses", "")), "expect": card.expect},
                    **{"outcome": card.outcome, "said": msgspec.json.encode(card.reasons).decode()},
                    **{"started_at": card.started_at, "replay": card.replay, "plan": card.plan_digest},
                    "seconds": sum(phase.seconds for phase in card.phases),
                    **msgspec.to_builtins(Metrics(planned=card.faults_planned, recovery_s=card.recovery_s)),
                }
                db.execute(_INSERT_RUN, [values[name] for name in _OF_RUN])

    def add_triage(self, rows: Iterable[tuple[Path, Triaged]]) -> None:
        """What triage said of runs."""
        with self._changing() as db:
            for folder, said in rows:
                row = (self.relative(folder), *(getattr(said, name) for name in Triaged.__struct_fields__))
                db.execute(f"INSERT OR REPLACE INTO triage VALUES ({', '.join('?' * len(row))})", row)

    def clear(self) -> None:
        """Empty, and of this release, whatever was in it."""
        with self._changing() as db:
            query = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')"
            for kind, name in db.execute(query).fetchall():
                db.execute(f"DROP {kind} {name}")
            db.execute("PRAGMA user_version = 0")
        migrate(self._db, str(self.path))

    def forget_run(self, folder: Path) -> None:
        """A run whose folder is gone."""
        name = self.relative(folder)
        with self._changing() as db:
            db.execute("DELETE FROM runs WHERE folder = ?", (name,))
            db.execute("DELETE FROM violations WHERE run = ?", (name,))
            db.execute("DELETE FROM triage WHERE run = ?", (name,))

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables, in order: what two databases are compared by."""
        return {
            table: sorted((tuple(row) for row in self.rows(f"SELECT * FROM {table}")), key=repr)
            for table in TABLES
        }
