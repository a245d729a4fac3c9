"""Runs in virtual time: the same bytes for the same seed, whatever the hash seed, and everything that was
planned happens.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from collections import Counter
from typing import Any

import pytest

from checkers.history import Outcome
from harness.errors import ConfigError
from harness.plugins import installed, load_system
from harness.promises import wants_final_reads
from harness.run.finals import Finals
from harness.run.virtual import VirtualRun
from harness.simulated import ran, simulate
from harness.sweep import judged
from systems.api import Invocation
from tests.harness.simulations import plan

SYSTEMS = sorted(name for name in installed())
EVERYTHING = "partition,kill,pause,packets,clock"
DIGEST = """
import hashlib, sys
from harness.plugins import load_system
from harness.simulated import ran
from tests.harness.simulations import plan
made = plan(sys.argv[1], seed=7)
print(hashlib.sha256(ran(made, load_system(made.system)).trace.encode()).hexdigest())
"""


def run(system: str, **more: Any) -> Any:
    made = plan(system, **more)
    return ran(made, load_system(made.system))  # type: ignore[arg-type]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(system: str) -> None:
    digests = set()
    for hash_seed in ("0", "4242"):
        ended = subprocess.run(
            [sys.executable, "-c", DIGEST, system],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        digests.add(ended.stdout)
    assert len(digests) == 1


def test_another_seed_gives_another_run() -> None:
    assert len({run("raft", seed=seed, time_s=3.0).trace for seed in range(4)}) == 4


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_fault_that_was_planned_is_seen_to_bite_and_is_undone(system: str) -> None:
    made = plan(system, seed=3, nemeses=EVERYTHING, time_s=30.0)
    history = ran(made, load_system(system)).history  # type: ignore[arg-type]
    kinds = Counter(d.kind for d in history.disturbances if d.status == "installed")
    assert set(kinds) == set(EVERYTHING.split(","))
    assert all(d.ended_ns is not None and d.ended_ns > d.begun_ns for d in history.disturbances)  # type: ignore[operator]
    outcomes = Counter(Outcome(int(code)) for code in history.outcome)
    assert outcomes[Outcome.OK] > 300, outcomes


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_a_system_promises_holds(system: str) -> None:
    if system == "primary-backup":
        pytest.skip("its default mode promises nothing")
    made = plan(system, seed=5)
    verdicts = judged(made, load_system(system))[1]
    assert [type(v).__name__ for v in verdicts] == ["Valid"] * len(verdicts), verdicts


def test_final_reads_are_made_where_promises_need_them_of_every_key_at_every_node() -> None:
    made = plan("active-active", seed=2, time_s=5.0)
    system: Any = load_system("active-active")
    assert wants_final_reads(system, made)
    done = VirtualRun(made, system, final_reads=True).run()
    assert done.quiet_ns is not None
    late = [op for op in done.history if op.call_ns >= done.quiet_ns]
    assert {op.f for op in late} == {"read"}
    assert Counter((op.key, op.node) for op in late if op.outcome == Outcome.OK) == Counter(
        {(key, node): 1 for key in done.history.keys for node in made.nodes}
    )
    assert not wants_final_reads(load_system("raft"), plan("raft"))


@pytest.mark.parametrize(("outcomes", "attempts"), [("ok", 1), ("fail ok", 2), ("info fail fail", 3)])
def test_a_final_read_that_fails_is_tried_again(
    outcomes: str, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = VirtualRun(plan("active-active"), load_system("active-active"), final_reads=True)  # type: ignore[arg-type]
    asked: list[str] = []
    answers = iter(outcomes.split() * 2)

    def perform(process: int, logic: Any, op: Invocation, home: str, then: Any) -> None:
        asked.append(op.key)
        then(next(answers))

    monkeypatch.setattr(run, "_perform", perform)
    ended: list[int] = []
    run._read_at(Finals(7, "n1", (Invocation("read", "a"), Invocation("read", "b"))), ended.append)
    assert asked == ["a"] * attempts + ["b"] * attempts
    assert ended == [7]


def test_a_process_whose_operation_ended_info_never_acts_again() -> None:
    history = run("paxos", seed=4, nemeses=EVERYTHING, time_s=30.0).history
    retired = set()
    for op in sorted(history, key=lambda op: op.call_ns):
        assert op.process not in retired
        if op.outcome == Outcome.INFO:
            retired.add(op.process)
    assert retired, "no operation ended INFO: nothing was tried"


@pytest.mark.parametrize(("system", "mode"), [*((name, None) for name in SYSTEMS), ("p2p", "gossip")])
def test_a_run_is_freed_by_counting_references(system: str, mode: str | None) -> None:
    """A sweep keeps the collector of cycles out of a run; a trace must not wait for it."""
    gc.disable()
    try:
        options = {} if mode is None else {"mode": mode}
        done = ran(plan(system, options=options), load_system(system))
        simulation = weakref.ref(done.simulation)
        del done
        assert simulation() is None
    finally:
        gc.enable()


def test_a_simulated_run_is_handed_on_as_a_live_one() -> None:
    made = plan("raft", seed=6)
    done = simulate(made, load_system("raft"))
    assert done.driven.heal_ns is not None
    assert done.driven.status is not None
    assert done.driven.status.ok == sum(op.outcome == Outcome.OK for op in done.history)
    assert any(point.leads for point in done.roles)
    assert "SHA-256" in done.driven.notes[0]


def test_a_workload_that_a_system_does_not_serve_is_refused() -> None:
    with pytest.raises(ConfigError, match="P2p does not serve the workload 'cas-register'"):
        plan("p2p", workload="cas-register")


def test_a_system_that_has_no_core_to_simulate_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be simulated"):
        plan("examples/tcp_store.py:TcpStore", nodes=1)
