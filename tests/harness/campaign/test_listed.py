"""`splitbrain list` and `show` of what campaigns leave, and of the runs beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.campaign.store.database import NAME
from tests.harness.campaign.nights import run_campaign, splitbrain
from tests.harness.campaign.test_nights import BUGGY, HONEST, MATRIX, campaign


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night, and a run of its own beside it."""
    tmp_path = tmp_path_factory.mktemp("listed")
    run_campaign(tmp_path, campaign(HONEST, BUGGY, MATRIX))
    runs = tmp_path / "runs"
    splitbrain("run", "raft", "--on", "sim", "--seed", "7", "--runs", str(runs))
    return runs


def listed(what: str, runs: Path) -> list[dict[str, str]]:
    """As JSON."""
    rows: list[dict[str, str]] = splitbrain("list", what, "--runs", str(runs), "--json").json()
    return rows


def test_all_runs_are_listed_those_of_no_campaign_too(runs: Path) -> None:
    rows = listed("runs", runs)
    assert len(rows) == 7
    alone = [row for row in rows if "-raft-s7" in row["name"]]
    assert [row["help"] for row in alone] == ["valid, raft cas-register, seed 7"]
    assert all((Path(row["name"]) / "card.json").is_file() for row in rows)


def test_a_run_that_is_removed_is_listed_no_more(runs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    (gone,) = copy.glob("*-raft-s7")
    shutil.rmtree(gone)
    assert len(listed("runs", copy)) == 6


def test_a_run_that_was_killed_is_listed_with_that_reason(runs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    (killed,) = copy.glob("*-raft-s7")
    (copy / NAME).unlink()
    (killed / "card.json").unlink()
    (row,) = [row for row in listed("runs", copy) if row["outcome"] is None]
    assert "was killed before it ended" in row["help"]


def test_a_database_that_is_none_can_be_made_anew(runs: Path, tmp_path: Path) -> None:
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    (copy / NAME).write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    for suffix in ("-wal", "-shm"):
        (copy / (NAME + suffix)).unlink(missing_ok=True)
    ended = splitbrain("list", "runs", "--runs", str(copy))
    assert (ended.code, "splitbrain reindex" in ended.said) == (3, True), ended.said
    assert splitbrain("reindex", "--runs", str(copy)).out.startswith("7 runs in ")
    assert len(listed("runs", copy)) == 7


def test_nights_and_fingerprints(runs: Path) -> None:
    (night,) = listed("nights", runs)
    assert "6 of 6 runs, exit 1" in night["help"]
    shown = splitbrain("show", night["name"], "--runs", str(runs))
    assert "buggy/cas-register" in shown.out or "| buggy |" in shown.out
    fingerprints = listed("fingerprints", runs)
    assert fingerprints
    one = splitbrain("show", fingerprints[0]["name"][:6], "--runs", str(runs))
    assert (one.code, "replay: splitbrain run raft" in one.out) == (0, True)


def test_a_run_of_which_the_card_is_left_tells_how_to_have_it_again(runs: Path) -> None:
    (folder, *_) = sorted(runs.glob("*/runs/*-raft-*"))
    shown = splitbrain("show", str(folder))
    assert "only its card is kept" in shown.out
    assert "splitbrain run raft" in shown.out


def test_no_such_folder(tmp_path: Path) -> None:
    ended = splitbrain("list", "nights", "--runs", str(tmp_path / "nowhere"))
    assert (ended.code, ended.out) == (5, f"no nights in {tmp_path / 'nowhere'}\n")
