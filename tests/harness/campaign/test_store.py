"""The database: brought up to date, refused when it is newer, the same however it was filled."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest

from harness.campaign.jobs import Cell, Job, Limits, Metrics, Result, Thresholds, Violation
from harness.campaign.night import Ended, Night, NightPlan, begin
from harness.campaign.run_folder import write_result
from harness.campaign.store.database import NAME, Store
from harness.campaign.store.index import index_night, index_runs, reindex
from harness.campaign.store.past import past_of, results_of
from harness.campaign.store.schema import MIGRATIONS, migrate
from harness.errors import ConfigError, EnvironmentFault

CELL = Cell("raft/register/kill@sim", "raft", "register", "kill", "sim", {}, Limits(60, 1024, 512))


def violation(fingerprint: str, size: int = 3) -> Violation:
    """Of a register."""
    return Violation(
        "linearizable register", "register", "not-linearizable", "...", size, fingerprint, "{}", ("kill",)
    )


def night_of(root: Path, day: int, results: dict[int, tuple[str, tuple[Violation, ...]]]) -> Night:
    """A night in which each seed ended so."""
    at = f"2026-01-{day:02d}T02:30:00+00:00"
    jobs = tuple(Job(n, CELL.id, seed, "new seed") for n, seed in enumerate(results, 1))
    plan = NightPlan(
        f"c-{day}", "c", at, "", "c.toml", "", "", (CELL,), jobs, (), Thresholds(), {}
    )  # fmt: skip
    night = begin(root, plan)
    for job in jobs:
        outcome, violations = results[job.seed]
        folder = night.run_folder(job)
        folder.mkdir(parents=True)
        result = Result(
            night=plan.id, job=job.id, number=job.number, cell=CELL.id, system="raft", workload="register",
            nemeses="kill", place="sim", bug="", expect="valid", why="new seed", looked_for="", tried=1,
            seed=job.seed, outcome=outcome, cause="", said=("said",), missed=(), started_at=at,
            seconds=job.seed / 10, replay="", plan="", trace="", metrics=Metrics(ok=5, p99_s=0.5),
            violations=violations,
        )  # fmt: skip
        write_result(folder, result)
    night.end(Ended(at, 60.0, 0, (), ()))
    return night


def filled(root: Path, *nights: Night) -> None:
    """Index them."""
    with Store(root) as store:
        for night in nights:
            index_night(store, night)
            index_runs(store, night)


def test_every_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    with Store(tmp_path / "new") as store:
        wanted = [tuple(row) for row in store.rows("SELECT name, sql FROM sqlite_master ORDER BY name")]
    for version in range(len(MIGRATIONS)):
        path = tmp_path / f"{version}.db"
        old = sqlite3.connect(path, isolation_level=None)
        for script in MIGRATIONS[:version]:
            old.executescript(script)
        old.execute(f"PRAGMA user_version = {version}")
        migrate(old, str(path))
        assert old.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == wanted
        assert old.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_newer_schema_is_refused_and_not_touched(tmp_path: Path) -> None:
    Store(tmp_path).__exit__(None, None, None)
    newer = sqlite3.connect(tmp_path / NAME)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.commit()
    with pytest.raises(ConfigError, match="made by a later release"):
        Store(tmp_path)
    assert newer.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


def test_adding_again_changes_nothing(tmp_path: Path) -> None:
    night = night_of(tmp_path, 1, {1: ("valid", ()), 2: ("anomaly", (violation("a"), violation("b")))})
    filled(tmp_path, night)
    with Store(tmp_path) as store:
        before = store.dump()
    filled(tmp_path, night, night)
    with Store(tmp_path) as store:
        assert store.dump() == before
        assert (len(before["runs"]), len(before["violations"])) == (2, 2)


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    night = night_of(tmp_path, 1, {7: ("anomaly", (violation("a"),))})
    filled(tmp_path, night)
    ((_, written),) = night.results()
    with Store(tmp_path) as store:
        ((folder, read),) = results_of(store, night.plan.id)
    assert read == written
    assert (tmp_path / folder / "result.json").is_file()


def test_a_fingerprint_knows_its_nights_and_its_smallest_example(tmp_path: Path) -> None:
    first = night_of(
        tmp_path, 1, {1: ("anomaly", (violation("a", 5),)), 2: ("anomaly", (violation("a", 0),))}
    )
    second = night_of(tmp_path, 2, {3: ("anomaly", (violation("a", 3),)), 4: ("valid", ())})
    filled(tmp_path, second, first)
    with Store(tmp_path) as store:
        (row,) = store.rows("SELECT * FROM fingerprints")
        assert (row["first_night"], row["last_night"], row["runs"]) == ("c-1", "c-2", 3)
        assert row["smallest"] == 3, "0 is none at all"
        assert row["smallest_run"] == store.relative(second.run_folder(second.plan.jobs[0]))


def test_what_the_next_night_begins_with(tmp_path: Path) -> None:
    nights = (
        night_of(tmp_path, 1, {1: ("anomaly", (violation("a"),)), 2: ("anomaly", (violation("b"),))}),
        night_of(tmp_path, 2, {1: ("valid", ()), 2: ("anomaly", (violation("b"),)), 3: ("failed", ())}),
    )
    filled(tmp_path, *nights)
    with Store(tmp_path) as store:
        past = past_of(store, "c")
        assert past_of(store, "another").failed == ()
    assert past.failed == [(CELL.id, 2), (CELL.id, 3)]
    assert [(known.fingerprint, known.seed) for known in past.known] == [("b", 2)], "a is gone"
    assert past.newest == {CELL.id: 3}
    assert past.last_run == {CELL.id: "2026-01-02T02:30:00+00:00"}
    assert past.seconds == {CELL.id: pytest.approx(0.2)}


def test_many_write_at_a_time(tmp_path: Path) -> None:
    nights = [night_of(tmp_path, day, dict.fromkeys(range(1, 21), ("valid", ()))) for day in range(1, 9)]
    Store(tmp_path).__exit__(None, None, None)
    threads = [threading.Thread(target=filled, args=(tmp_path, night)) for night in nights]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store(tmp_path) as store:
        before = store.dump()
    assert len(before["runs"]) == 160
    reindex(tmp_path, lambda _count, _name: None)
    with Store(tmp_path) as store:
        assert store.dump() == before


def test_what_cannot_be_read_is_told_and_keeps_nobody_out(tmp_path: Path) -> None:
    good = night_of(tmp_path, 1, {1: ("valid", ()), 2: ("valid", ())})
    bad = night_of(tmp_path, 2, {1: ("valid", ())})
    (bad.folder / "campaign.json").write_text("{")
    (good.run_folder(good.plan.jobs[0]) / "result.json").write_text('{"night": 1}')
    (good.folder / "runs" / "stranger").mkdir()
    count, problems = reindex(tmp_path, lambda _count, _name: None)
    assert count == 1
    told = "\n".join(problems)
    for said in ("campaign.json: garbled", "result.json is garbled", "stranger: belongs to no job"):
        assert said in told


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match=r"splitbrain\.db"):
        Store(tmp_path / "file")


def test_paths_in_it_are_relative(tmp_path: Path) -> None:
    filled(tmp_path / "here", night_of(tmp_path / "here", 1, {1: ("valid", ())}))
    (tmp_path / "here").rename(tmp_path / "there")
    with Store(tmp_path / "there") as store:
        ((folder, _),) = results_of(store, "c-1")
        assert str(tmp_path) not in msgspec.json.encode(store.dump()).decode()
    assert (tmp_path / "there" / folder / "result.json").is_file()


def test_tables_that_are_not_as_they_should_be_are_made_anew(tmp_path: Path) -> None:
    filled(tmp_path, night_of(tmp_path, 1, {1: ("valid", ())}))
    other = sqlite3.connect(tmp_path / NAME)
    other.executescript("DROP TABLE triage; CREATE TABLE triage (run TEXT); CREATE TABLE more (x TEXT);")
    other.close()
    reindex(tmp_path, lambda _count, _name: None)
    with Store(tmp_path) as store, Store(tmp_path / "new") as new:
        query = "SELECT name, sql FROM sqlite_master ORDER BY name"
        assert [tuple(row) for row in store.rows(query)] == [tuple(row) for row in new.rows(query)]
        assert len(store.dump()["runs"]) == 1
