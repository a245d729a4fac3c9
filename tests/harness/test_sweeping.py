"""Sweeps: a seed's result is its own, failures are named with what replays them, bad ranges are refused."""

from __future__ import annotations

import gc
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import ConfigError
from harness.plan import RunPlan
from harness.sweep import run_seed, sweep, uncollected
from harness.sweeping import seeds_of
from tests.harness.simulations import plan

PLANTED = [
    *("run", "raft", "--on", "sim", "--time", "12s", "-n", "partition,kill"),
    *("-o", "bug=ack-before-quorum", "-j", "1"),
]


def make(seed: int) -> RunPlan:
    return plan("paxos", seed=seed, time_s=4.0, nemeses="kill")


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", [7]), ("1..3", [1, 2, 3]), (" 5 .. 5 ", [5]), ("0..1", [0, 1])]
)
def test_ranges(text: str, seeds: Sequence[int]) -> None:
    assert list(seeds_of(text)) == list(seeds)


@pytest.mark.parametrize("text", ["", "a", "3..1", "1..", "1-3", "-1..2", "0..1000000"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--seeds"):
        seeds_of(text)


def test_results_do_not_depend_on_the_number_of_workers() -> None:
    plain, spread = (
        [replace(result, seconds=0.0) for result in sweep(make, range(1, 6), workers, lambda _: False)]
        for workers in (1, 2)
    )
    assert plain == spread
    assert [r.seed for r in plain] == [1, 2, 3, 4, 5]


def test_a_sweep_ends_early_when_enough_is_known() -> None:
    assert [r.seed for r in sweep(make, range(1, 100), 1, lambda r: r.seed == 2)] == [1, 2]


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_of_cycles_is_left_as_it_was(is_on: bool) -> None:
    try:
        if not is_on:
            gc.disable()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() == is_on
        with pytest.raises(ValueError, match="stop"), uncollected():
            raise ValueError("stop")
        assert gc.isenabled() == is_on
    finally:
        gc.enable()


def test_a_core_that_raises_is_a_failure_of_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    from systems.paxos.core import PaxosCore

    def broken(self: object, event: object) -> list[object]:
        raise RuntimeError("the defect")

    monkeypatch.setattr(PaxosCore, "step", broken)
    result = run_seed(make(1))
    assert result.word == "failed"
    assert "the defect" in result.said


def test_failing_seeds_are_named_with_the_command_that_replays_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*PLANTED, "--seeds", "1..8", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ran"] == 8
    first = next(one for one in found["failing"] if one["word"] == "anomaly")
    assert first["anomaly"] == "not-linearizable"
    assert Path(first["report"]).exists()
    words = shlex.split(first["replay"])
    assert words[0] == "splitbrain"
    assert main([*words[1:], "--json"]) == 1
    card = json.loads(capsys.readouterr().out)["card"]
    assert (card["seed"], card["outcome"]) == (first["seed"], "anomaly")


def test_an_anomaly_that_is_expected_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*PLANTED, "--seeds", "1..8", "--expect", "anomaly"]) == 0
    assert main([*PLANTED[:8], "--seeds", "1..2", "--expect", "anomaly"]) == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--seeds", "1..3", "--seed", "4"], "--seed and --seeds are both given"),
        (["--seeds", "3..1"], "--seeds '3..1': the first seed is not above the last"),
        (["--seeds", "1..3", "-j", "0"], "-j 0"),
        (["--seeds", "1..3", "-n", "kil"], "did you mean 'kill'"),
    ],
)
def test_bad_input(more: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "raft", "--on", "sim", *more]) == 4
    assert told in capsys.readouterr().err


def test_many_seeds_are_for_simulation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "raft", "--seeds", "1..3"]) == 4
    assert "give --on sim" in capsys.readouterr().err
