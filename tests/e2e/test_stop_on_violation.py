"""`--stop-on-violation`: the run ends when a violation is certain, and is judged and reported as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkers.codec import decode
from tests.e2e.conftest import ROOT, Splitbrain

STORE = f"{ROOT / 'examples' / 'tcp_store.py'}:TcpStore"


def run_s(card: dict[str, Any]) -> float:
    """How long the clients worked."""
    return float(card["end_ns"] - card["start_ns"]) / 1e9


def test_a_stale_store_is_stopped_early_and_reported(splitbrain: Splitbrain, tmp_path: Path) -> None:
    args = ("run", STORE, "--nodes", "1", "-o", "stale=yes", "--time", "60s", "--seed", "3", "--json")
    ended = splitbrain(*args, "--stop-on-violation")
    assert ended.code == 1, ended.err
    document = ended.json()
    card = document["card"]
    assert card["outcome"] == "anomaly"
    assert document["claims"][0]["verdict"]["verdict"] == "invalid"
    assert run_s(card) < 30
    assert len(card["notes"]) == 1
    assert card["notes"][0].startswith(
        "stopped early (--stop-on-violation), as a violation was certain after "
    )
    assert "--stop-on-violation" in card["replay"]
    assert "stopping early: a violation was certain" in ended.err
    folder = tmp_path / document["folder"]
    assert "stopped early (--stop-on-violation)" in (folder / "report.html").read_text(encoding="utf-8")
    history = decode((folder / "history.jsonl").read_bytes(), "history.jsonl")
    certain_s = float(card["notes"][0].split("certain after ")[1].split(" s of")[0])
    last_call_s = (int(history.history.call_ns.max()) - card["start_ns"]) / 1e9
    assert certain_s <= last_call_s < certain_s + 5, "what was begun after it was certain"


def test_asynchronous_replication_is_stopped_early_once_it_has_lost_a_write(splitbrain: Splitbrain) -> None:
    faults = ("-n", "partition,kill,pause")
    for seed in range(5, 9):
        args = ("--time", "60s", "--seed", str(seed), "--expect", "anomaly", "--json", "--stop-on-violation")
        ended = splitbrain("run", "primary-backup", "-o", "mode=async", *faults, *args, timeout_s=240)
        document = ended.json()
        card = document["card"]
        if card["notes"] and run_s(card) < 55:
            assert ended.code == 0, ended.err
            assert card["outcome"] == "anomaly"
            assert card["heal_ns"] is not None, "faults are undone although the run was cut short"
            assert [claim["verdict"]["verdict"] for claim in document["claims"]] == ["invalid"]
            return
    raise AssertionError("no seed of four was stopped early")


def test_a_right_store_runs_to_its_end(splitbrain: Splitbrain) -> None:
    ended = splitbrain(
        "run", STORE, "--nodes", "1", "--time", "3s", "--seed", "3", "--json", "--stop-on-violation"
    )
    assert ended.code == 0, ended.err
    card = ended.json()["card"]
    assert card["notes"] == []
    assert run_s(card) > 2.9
