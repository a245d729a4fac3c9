"""Simulated runs as their users have them: a sweep, what it finds replayed and made smaller, and the zoo."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import Splitbrain

STALE = ("-o", "bug=read-one", "--on", "sim")


def test_what_a_sweep_finds_is_replayed_and_made_smaller(splitbrain: Splitbrain, tmp_path: Path) -> None:
    swept = splitbrain("run", "p2p", *STALE, "--seeds", "1..8", "-j", "2", timeout_s=240)
    assert swept.code == 1, swept.err
    command = next(line for line in swept.out.splitlines() if "splitbrain run p2p" in line)
    seed = command.split("--seed ")[1].split()[0]

    found = splitbrain("run", "p2p", *STALE, "--seed", seed, "--json")
    assert found.code == 1, found.err
    whole = found.json()
    assert whole["card"]["outcome"] == "anomaly"

    shrunk = splitbrain("shrink", str(whole["folder"]), "--tries", "300", "--json", timeout_s=240)
    assert shrunk.code == 1, shrunk.err  # the small run shows the anomaly too
    small = shrunk.json()
    assert small["card"]["outcome"] == "anomaly"
    assert small["folder"] != whole["folder"]
    assert (tmp_path / small["folder"] / "report.html").exists()
    assert small["ok"] <= 20 < whole["ok"]

    replayed = splitbrain("replay", str(small["folder"]), "--json")
    assert replayed.code == 1, replayed.err
    assert replayed.json()["ok"] == small["ok"]


def test_a_valid_run_is_not_made_smaller(splitbrain: Splitbrain) -> None:
    run = splitbrain("run", "p2p", "--on", "sim", "--seed", "1", "--json").json()
    ended = splitbrain("shrink", str(run["folder"]))
    assert ended.code == 4
    assert "anomaly" in ended.err
    assert "Traceback" not in ended.err


def test_the_zoo_is_hunted_and_written_down(splitbrain: Splitbrain, tmp_path: Path) -> None:
    bugs = ("p2p/read-one", "active-active/counter-max")
    ended = splitbrain("zoo", *bugs, "--seeds", "20", "--write", "zoo.md", "--json", timeout_s=240)
    assert ended.code == 0, ended.err
    hunted = ended.json()
    assert sorted(f"{one['system']}/{one['bug']}" for one in hunted) == sorted(bugs)
    assert all(1 <= one["seeds"] <= 20 and not one["alarm"] for one in hunted)
    page = (tmp_path / "zoo.md").read_text()
    assert "Found: 2 of 2" in page
    replay = page.split("```")[1].split()[1:]
    assert splitbrain(*replay).code == 1, replay


def test_a_bug_that_is_not_found_is_said(splitbrain: Splitbrain, tmp_path: Path) -> None:
    ended = splitbrain("zoo", "raft/two-members", "--seeds", "1", "--no-shrink", "--write", "zoo.md")
    assert ended.code == 1
    assert "not found in 1 seeds" in (tmp_path / "zoo.md").read_text()


def test_an_unknown_bug_is_refused_with_the_nearest(splitbrain: Splitbrain) -> None:
    ended = splitbrain("zoo", "raft/stale-reads")
    assert ended.code == 4
    assert "raft/stale-read" in ended.err
