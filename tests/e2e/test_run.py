"""The main job: real processes, real faults, one verdict, one page."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.codec import decode
from tests.e2e.conftest import Splitbrain

FAULTS = ("-n", "partition,kill,pause")


def folder_of(document: dict[str, object], cwd: Path) -> Path:
    return cwd / str(document["folder"])


def test_raft_is_valid_under_partition_kill_and_pause(splitbrain: Splitbrain, tmp_path: Path) -> None:
    ended = splitbrain("run", "raft", *FAULTS, "--time", "20s", "--seed", "11", "--json")
    assert ended.code == 0, ended.err
    document = ended.json()
    card = document["card"]
    assert card["outcome"] == "valid"
    assert [claim["verdict"]["verdict"] for claim in document["claims"]] == ["valid", "valid"]
    assert document["ok"] > 500
    folder = folder_of(document, tmp_path)
    for name in ("plan.json", "history.jsonl", "card.json", "report.html", "report.txt", "nodes/n1"):
        assert (folder / name).exists(), name
    history = decode((folder / "history.jsonl").read_bytes(), "history.jsonl").history
    installed = {fault.kind for fault in history.disturbances if fault.status == "installed"}
    assert installed == {"partition", "kill", "pause"}
    assert all(fault.ended_ns is not None for fault in history.disturbances if fault.status == "installed")


def test_primary_backup_sync_holds_what_it_claims(splitbrain: Splitbrain) -> None:
    ended = splitbrain(
        "run", "primary-backup", "-o", "mode=sync", *FAULTS, "--time", "15s", "--seed", "5", "--json"
    )
    assert ended.code == 0, ended.err
    assert ended.json()["claims"][0]["claimed_by_system"] is True


def test_primary_backup_async_is_caught_with_a_small_counter_example(splitbrain: Splitbrain) -> None:
    ended = splitbrain(
        "run",
        "primary-backup",
        "-o",
        "mode=async",
        *FAULTS,
        "--time",
        "15s",
        "--seed",
        "5",
        "--expect",
        "anomaly",
        "--json",
    )
    assert ended.code == 0, ended.err
    document = ended.json()
    assert document["card"]["outcome"] == "anomaly"
    claim = document["claims"][0]
    assert claim["claimed_by_system"] is False
    assert 1 <= len(claim["verdict"]["counter_example"]["ops"]) <= 8
    assert claim["verdict"]["sentence"]


@pytest.mark.parametrize(
    "system", [("raft",), ("primary-backup", "-o", "mode=sync"), ("primary-backup", "-o", "mode=async")]
)
@pytest.mark.parametrize("nodes", ["1", "2"])
def test_the_smallest_clusters_work(splitbrain: Splitbrain, system: tuple[str, ...], nodes: str) -> None:
    ended = splitbrain(
        "run", *system, "--nodes", nodes, "-c", "1", "--rate", "50", "--time", "2s", "--seed", "1"
    )
    assert ended.code == 0, ended.out + ended.err


def test_a_caught_system_that_was_expected_to_hold_exits_1(splitbrain: Splitbrain) -> None:
    ended = splitbrain("run", "primary-backup", "-n", "partition", "--time", "10s", "--seed", "2")
    assert ended.code == 1, ended.err
    assert "report.html" in ended.out


def test_an_expected_anomaly_that_is_gone_exits_1(splitbrain: Splitbrain) -> None:
    ended = splitbrain("run", "raft", "--nodes", "3", "--time", "3s", "--expect", "anomaly")
    assert ended.code == 1, ended.err
    assert "expected" in ended.out


def test_the_same_seed_makes_the_same_plan_and_a_replay_keeps_it(splitbrain: Splitbrain) -> None:
    first = splitbrain(
        "run", "raft", "--nodes", "3", "-n", "pause", "--time", "5s", "--seed", "9", "--json"
    ).json()
    again = splitbrain("replay", first["folder"], "--json")
    assert again.code == 0, again.err
    assert again.json()["card"]["plan_digest"] == first["card"]["plan_digest"]
    assert again.json()["folder"] != first["folder"]


def test_check_judges_a_stored_run_again(splitbrain: Splitbrain, tmp_path: Path) -> None:
    document = splitbrain(
        "run", "primary-backup", "-n", "partition", "--time", "10s", "--seed", "2", "--json"
    ).json()
    report = folder_of(document, tmp_path) / "report.html"
    report.unlink()
    checked = splitbrain("check", document["folder"], "--json")
    assert checked.code == 1, checked.err
    before, after = (d["claims"][0]["verdict"] for d in (document, checked.json()))
    assert before == after
    assert report.exists()
    bare = splitbrain("check", f"{document['folder']}/history.jsonl")
    assert bare.code == 1
    assert bare.out.startswith("invalid\t")


def test_every_acknowledged_write_survives_kill_9_of_all_nodes(
    splitbrain: Splitbrain, tmp_path: Path
) -> None:
    ended = splitbrain(
        "run", "raft", "--nodes", "3", "-n", "kill:all", "--time", "8s", "--seed", "3", "--rate", "100",
        "--keys", "1", "--ops-per-key", "100000", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    path = folder_of(ended.json(), tmp_path) / "history.jsonl"
    history = decode(path.read_bytes(), str(path)).history
    kills = [f for f in history.disturbances if f.kind == "kill" and f.status == "installed"]
    assert kills
    assert set(kills[0].targets) == {"n1", "n2", "n3"}
    after = [
        op for op in history if op.f == "read" and op.outcome == 0 and op.call_ns > (kills[0].ended_ns or 0)
    ]
    assert after, "something must be read after the restart"
    assert all(op.output is not None for op in after)


@pytest.mark.parametrize(
    "shape", ["one", "halves", "majorities-ring", "bridge", "leader", "one-way", "clients"]
)
def test_every_shape_of_partition_bites(splitbrain: Splitbrain, tmp_path: Path, shape: str) -> None:
    ended = splitbrain("run", "raft", "-n", f"partition:{shape}", "--time", "6s", "--seed", "4", "--json")
    path = folder_of(ended.json(), tmp_path) / "history.jsonl"
    faults = decode(path.read_bytes(), str(path)).history.disturbances
    assert any(f.status == "installed" and "dropped" in " ".join(f.evidence) for f in faults), ended.out
    assert ended.code == 0, ended.out
