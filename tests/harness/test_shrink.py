"""Shrinking, with a stand-in for the run: what is needed for it to fail stays, all else goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plan import RunPlan, ScriptedOp, decode_plan, encode_plan
from harness.plugins import load_system
from harness.shrink import Shrinker, script_of, scripted
from harness.simulated import ran
from tests.harness.simulations import plan

PLAN = plan("paxos", seed=3, nemeses="partition,kill,pause", time_s=30.0)
MANY = 300


def long_plan() -> RunPlan:
    """A plan of 300 operations and 9 faults."""
    from msgspec.structs import replace

    ops = tuple(ScriptedOp(i * 50_000_000, i % 10, "write", f"k{i % 7}", i) for i in range(MANY))
    return replace(PLAN, script=ops, rate=0.0)


def shrunk(fails: object, tries: int = 2000) -> RunPlan:
    return Shrinker(long_plan(), fails, tries, lambda _best, _left: None).shrink()  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, MANY - 1), min_size=1, max_size=4), st.integers(0, 8))
def test_what_is_needed_stays_and_all_else_goes(needed: set[int], fault: int) -> None:
    target = PLAN.faults.faults[fault].spec

    def fails(candidate: RunPlan) -> bool:
        values = {op.value for op in script_of(candidate)}
        specs = [(f.spec.kind, f.spec.shape) for f in candidate.faults.faults]
        return needed <= values and (target.kind, target.shape) in specs

    small = shrunk(fails)
    assert {op.value for op in script_of(small)} == needed
    assert len(small.faults.faults) == 1
    assert len(small.nodes) == 3
    assert small.clients == len({op.slot for op in script_of(small)})
    assert small.time_s < 8, "pauses in which nothing happens were not cut short"
    assert fails(small)


def test_the_order_of_operations_and_faults_is_kept() -> None:
    small = shrunk(lambda candidate: len(script_of(candidate)) >= 20)
    values = [op.value for op in script_of(small)]
    assert len(values) == 20
    assert values == sorted(values)


def test_no_more_runs_than_allowed() -> None:
    asked = []

    def fails(candidate: RunPlan) -> bool:
        asked.append(candidate)
        return len(script_of(candidate)) > 100

    shrunk(fails, tries=17)
    assert len(asked) == 17


def test_nothing_smaller_fails() -> None:
    assert shrunk(lambda candidate: candidate.script == long_plan().script and False) == long_plan()


def test_a_chance_that_fails_is_kept() -> None:
    small = shrunk(lambda candidate: candidate.chance == 1 and len(script_of(candidate)) >= 1)
    assert (len(script_of(small)), small.chance) == (1, 1)


def test_a_script_of_a_run_performs_the_same_operations() -> None:
    made = plan("paxos", seed=5, time_s=5.0, nemeses="kill")
    system = load_system("paxos")
    first = ran(made, system)  # type: ignore[arg-type]
    again = ran(scripted(made, first.history, None), system)  # type: ignore[arg-type]
    told = [
        [(op.f, op.key, op.input, op.outcome, op.output) for op in h] for h in (first.history, again.history)
    ]
    assert told[0] == told[1]


def test_a_scripted_plan_is_written_down_whole() -> None:
    assert decode_plan(encode_plan(long_plan()), "here") == long_plan()


def test_a_plan_without_a_script_is_refused() -> None:
    with pytest.raises(ValueError, match="without a script"):
        script_of(PLAN)
