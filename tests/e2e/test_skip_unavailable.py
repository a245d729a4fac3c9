"""Runs on a machine that cannot apply every planned fault: refused, or done without and said so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkers.codec import decode
from tests.e2e.conftest import Splitbrain
from tests.engine import image_or_skip, of_runs
from tests.harness.doctor.broken import NO_RULES, NO_TABLES, put_nft

ASKED = ("run", "raft", "--nodes", "3", "--time", "6s", "--seed", "3", "-n")


def break_nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing: str = NO_RULES) -> None:
    put_nft(tmp_path / "bin", refusing)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


@pytest.mark.parametrize("place", ["local", "docker"])
def test_a_fault_that_cannot_be_applied_refuses_the_run_before_it_has_a_folder(
    splitbrain: Splitbrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "docker":
        image_or_skip()
    break_nft(tmp_path, monkeypatch)
    ended = splitbrain(*ASKED, "partition,kill", "--on", place)
    assert ended.code == 6, ended.err
    assert "partition needs nft rules: Could not process rule: Operation not supported" in ended.err
    assert "kill needs" not in ended.err
    assert "fix: " in ended.err
    assert "--skip-unavailable to run without partition faults" in ended.err
    assert ended.out == ""
    assert not (tmp_path / "runs").exists()
    if place == "docker":
        assert [name for name in of_runs() if "doctor" in name] == []


@pytest.mark.parametrize("refusing", [NO_RULES, NO_TABLES])
def test_skipped_the_verdict_stands_for_the_rest_and_the_report_says_so(
    splitbrain: Splitbrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusing: str
) -> None:
    break_nft(tmp_path, monkeypatch, refusing)
    ended = splitbrain(*ASKED, "partition,kill", "--skip-unavailable", "--json")
    assert ended.code == 0, ended.err
    assert "partition faults will be skipped: nft rules" in ended.err
    found = ended.json()
    card = found["card"]
    assert (card["outcome"], card["skipped"]) == ("valid", ["partition"])
    assert "--skip-unavailable" in card["replay"]
    assert len(card["notes"]) == 1, card["notes"]
    assert "not applied, by --skip-unavailable: 1 planned partition fault – nft rules: " in card["notes"][0]
    folder = tmp_path / found["folder"]
    history = decode((folder / "history.jsonl").read_bytes(), "history.jsonl").history
    status = {fault.kind: fault.status for fault in history.disturbances}
    assert status == {"partition": "skipped", "kill": "installed"}
    for name in ("report.html", "report.txt"):
        report = " ".join((folder / name).read_text().split())  # lines may break anywhere
        assert "partition faults were not applied" in report
        assert "Could not process rule" in report
    again = splitbrain("check", found["folder"], "--json")
    assert again.code == 0, again.err
    assert again.json()["card"]["notes"] == card["notes"]


def test_the_plan_is_the_same_and_where_it_can_be_applied_nothing_is_skipped(
    splitbrain: Splitbrain,
) -> None:
    first = splitbrain(*ASKED, "partition", "--skip-unavailable", "--json").json()
    again = splitbrain("replay", first["folder"], "--json").json()
    plain = splitbrain(*ASKED, "partition", "--json").json()
    assert len({run["card"]["plan_digest"] for run in (first, again, plain)}) == 1
    assert first["card"]["skipped"] == again["card"]["skipped"] == first["card"]["notes"] == []
    assert "--skip-unavailable" in again["card"]["replay"]
    assert "--skip-unavailable" not in plain["card"]["replay"]


def test_a_run_without_any_of_its_faults_is_inconclusive_and_a_replay_is_refused_or_skips(
    splitbrain: Splitbrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = splitbrain(*ASKED, "partition", "--json").json()
    break_nft(tmp_path, monkeypatch)
    before = sorted((tmp_path / "runs").iterdir())
    assert splitbrain("replay", plain["folder"]).code == 6
    assert sorted((tmp_path / "runs").iterdir()) == before
    ended = splitbrain("replay", plain["folder"], "--skip-unavailable")
    assert ended.code == 2, ended.err + ended.out
    assert "no planned fault could be applied here" in ended.out


def test_what_every_run_needs_is_never_skipped(
    splitbrain: Splitbrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    ended = splitbrain(*ASKED, "partition,kill", "--on", "docker", "--skip-unavailable")
    assert ended.code == 6, ended.err
    assert "setup failed: no Docker Engine at unix:///no/such/socket" in " ".join(ended.out.split())
    assert len(list((tmp_path / "runs").glob("*/report.html"))) == 1
