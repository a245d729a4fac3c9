"""Nights of which a part cannot be run here, is hunted, is somebody else's, or is held."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign.night import ENDED, nights_in, open_night
from harness.campaign.night_lock import held
from tests.harness.campaign.nights import run_campaign, splitbrain
from tests.harness.campaign.test_nights import HONEST, MATRIX, campaign

HUNT = '[zoo]\nbugs = "paxos/minority-quorum"\ntries = {tries}\n'


@pytest.fixture
def unreachable(tmp_path: Path) -> str:
    """A matrix on a machine where nobody listens."""
    hosts = tmp_path / "hosts.toml"
    hosts.write_text('[[hosts]]\naddress = "127.0.0.1"\nport = 1\nuser = "nobody"\nconnect_timeout = 2\n')
    return f'[[matrix]]\nnemeses = "kill"\non = "ssh"\nhosts = "{hosts}"\nnodes = 1\nseeds = "1..4"\n'


def test_what_cannot_be_run_here_is_left_out_with_the_reason(tmp_path: Path, unreachable: str) -> None:
    ended = run_campaign(tmp_path, campaign(HONEST, MATRIX, unreachable), "--json")
    assert ended.code == 0, ended.said
    (left,) = ended.json()["left"]
    assert (left["what"], left["runs"]) == ("raft/cas-register/kill@ssh", 4)
    assert "127.0.0.1" in left["why"]
    assert ended.json()["runs"] == 3


def test_a_campaign_of_which_nothing_can_be_run_here_fails(tmp_path: Path, unreachable: str) -> None:
    ended = run_campaign(tmp_path, campaign(HONEST, unreachable))
    assert ended.code == 3
    assert "nothing of the campaign can be run here" in ended.said
    assert nights_in(tmp_path / "runs") == []


def test_a_hunt_tries_seeds_until_the_bug_is_found(tmp_path: Path) -> None:
    assert run_campaign(tmp_path, campaign(HUNT.format(tries=60))).code == 0
    (folder,) = nights_in(tmp_path / "runs")
    ((_, result),) = open_night(folder).results()
    assert result.outcome == "anomaly"
    assert result.tried == result.seed > 1, "else there was nothing to hunt"
    gone = run_campaign(tmp_path, campaign(HUNT.format(tries=1)), "--json")
    assert gone.code == 1
    assert gone.json()["findings"] == ["An anomaly that was expected is gone in zoo/paxos/minority-quorum."]


def test_resume_takes_no_night_of_another_shard(tmp_path: Path) -> None:
    text = campaign(HONEST, MATRIX)
    run_campaign(tmp_path, text, "--shard", "1/2")
    (folder,) = nights_in(tmp_path / "runs")
    (folder / ENDED).unlink()  # as if it had been killed
    for other in ((), ("--shard", "2/2")):
        assert "no night of nights to resume" in run_campaign(tmp_path, text, "--resume", *other).said
    again = run_campaign(tmp_path, text, "--resume", "--shard", "1/2")
    assert f"{folder.name}: 2 of 2 runs are done" in again.said
    assert (folder / ENDED).exists()


def test_gc_leaves_a_night_alone_that_somebody_works_on(tmp_path: Path) -> None:
    # Below a threshold, so that histories are kept.
    run_campaign(tmp_path, campaign(HONEST, MATRIX, "[thresholds]\nops_ok = 100000\n"))
    run_campaign(tmp_path, campaign(HONEST, MATRIX))
    runs = tmp_path / "runs"
    first, _ = nights_in(runs)
    histories = len(list(first.glob("runs/*/history.jsonl")))
    assert histories == 3
    with held(first):
        ended = splitbrain("gc", "--runs", str(runs), "--nights", "1")
    assert "another campaign, triage or gc is at work" in ended.said
    assert len(list(first.glob("runs/*/history.jsonl"))) == histories
    splitbrain("gc", "--runs", str(runs), "--nights", "1")
    assert list(first.glob("runs/*/history.jsonl")) == []
