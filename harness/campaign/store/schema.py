"""The tables of the results' database, and how an older one is brought up to date.

Invariants: `user_version` is the number of migrations that were made; each is made whole or not at all; a
database of a later release is refused, never changed. A fingerprint's first and last night and its smallest
counter-example are a view, so they never disagree with the runs.
"""

from __future__ import annotations

import sqlite3

from harness.errors import ConfigError

_TABLES = """
CREATE TABLE nights (
  id TEXT PRIMARY KEY, campaign TEXT NOT NULL, started_at TEXT NOT NULL, shard TEXT NOT NULL,
  file TEXT NOT NULL, command TEXT NOT NULL, jobs INTEGER NOT NULL, folder TEXT NOT NULL,
  ended_at TEXT, seconds REAL, exit_code INTEGER
) STRICT;
CREATE INDEX nights_of_campaign ON nights (campaign, started_at);
CREATE TABLE cells (
  night TEXT NOT NULL, id TEXT NOT NULL, system TEXT NOT NULL, workload TEXT NOT NULL, nemeses TEXT NOT NULL,
  place TEXT NOT NULL, expect TEXT NOT NULL, because TEXT NOT NULL, bug TEXT NOT NULL, rule TEXT NOT NULL,
  PRIMARY KEY (night, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE left_out (
  night TEXT NOT NULL, what TEXT NOT NULL, why TEXT NOT NULL, runs INTEGER NOT NULL
) STRICT;
CREATE INDEX left_out_of_night ON left_out (night);
CREATE TABLE runs (
  folder TEXT PRIMARY KEY, night TEXT, job TEXT NOT NULL, number INTEGER NOT NULL, cell TEXT NOT NULL,
  system TEXT NOT NULL, workload TEXT NOT NULL, nemeses TEXT NOT NULL, place TEXT NOT NULL, bug TEXT NOT NULL,
  expect TEXT NOT NULL, why TEXT NOT NULL, looked_for TEXT NOT NULL, seed INTEGER NOT NULL,
  tried INTEGER NOT NULL, outcome TEXT NOT NULL, cause TEXT NOT NULL, said TEXT NOT NULL,
  missed TEXT NOT NULL, started_at TEXT NOT NULL, seconds REAL NOT NULL, replay TEXT NOT NULL,
  plan TEXT NOT NULL, trace TEXT NOT NULL,
  ok INTEGER NOT NULL, fail INTEGER NOT NULL, info INTEGER NOT NULL, overlap REAL NOT NULL,
  rate REAL NOT NULL, p50_s REAL, p99_s REAL, recovery_s REAL, judged_s REAL NOT NULL,
  planned INTEGER NOT NULL, installed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX runs_of_night ON runs (night, job) WHERE night IS NOT NULL;
CREATE INDEX runs_of_cell ON runs (cell, seed);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE TABLE violations (
  run TEXT NOT NULL, number INTEGER NOT NULL, claim TEXT NOT NULL, model TEXT NOT NULL,
  anomaly TEXT NOT NULL, sentence TEXT NOT NULL, size INTEGER NOT NULL, fingerprint TEXT NOT NULL,
  shape TEXT NOT NULL, faults TEXT NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX violations_of_fingerprint ON violations (fingerprint);
CREATE VIEW fingerprints AS
  WITH seen AS (
    SELECT v.fingerprint, v.model, v.anomaly, v.faults, v.shape, v.size, r.folder, r.night, r.started_at,
      row_number() OVER (PARTITION BY v.fingerprint ORDER BY r.started_at, r.folder) AS first,
      row_number() OVER (PARTITION BY v.fingerprint ORDER BY r.started_at DESC, r.folder DESC) AS last,
      row_number() OVER (
        PARTITION BY v.fingerprint ORDER BY v.size = 0, v.size, r.started_at, r.folder) AS small
    FROM violations v JOIN runs r ON r.folder = v.run
  )
  SELECT fingerprint AS id, max(model) AS model, max(anomaly) AS anomaly, max(faults) AS faults,
    max(shape) AS shape, count(DISTINCT folder) AS runs,
    max(CASE first WHEN 1 THEN night END) AS first_night, min(started_at) AS first_seen,
    max(CASE last WHEN 1 THEN night END) AS last_night, max(started_at) AS last_seen,
    max(CASE small WHEN 1 THEN folder END) AS smallest_run, max(CASE small WHEN 1 THEN size END) AS smallest
  FROM seen GROUP BY fingerprint;
"""
_TRIAGE = """
CREATE TABLE triage (
  run TEXT NOT NULL, fingerprint TEXT NOT NULL, word TEXT NOT NULL, shown INTEGER NOT NULL,
  runs INTEGER NOT NULL, ops INTEGER, faults INTEGER, small TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (run, fingerprint)
) STRICT, WITHOUT ROWID;
"""
MIGRATIONS = (_TABLES, _TRIAGE)
TABLES = ("nights", "cells", "left_out", "runs", "violations", "triage")


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Bring the database up to date. Raises ConfigError for one of a later release."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == len(MIGRATIONS):
        return
    if version > len(MIGRATIONS):
        raise ConfigError(
            f"{name}: made by a later release (schema {version}, this one knows {len(MIGRATIONS)})",
            fix="use that release, or make it anew with `splitbrain reindex`",
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]  # another one may have been faster
        for number in range(version, len(MIGRATIONS)):
            for statement in MIGRATIONS[number].split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
