"""The run plan: a value that survives JSON and is named by what it does."""

from __future__ import annotations

import msgspec
import pytest

from harness.config import configure
from harness.errors import ConfigError
from harness.plan import RunPlan, decode_plan, encode_plan
from harness.planning import command_of, plan_run


def plan(**values: object) -> RunPlan:
    return plan_run(configure({"system": "raft", "nemeses": "partition,kill,pause", "seed": 7, **values}))


def test_json_both_ways() -> None:
    assert decode_plan(encode_plan(plan()), "plan.json") == plan()


def test_the_same_seed_and_options_make_the_same_plan() -> None:
    assert plan().digest() == plan().digest()
    assert plan().faults.faults


@pytest.mark.parametrize(
    "other", [{"seed": 8}, {"nodes": 3}, {"rate": 1.0}, {"options": {"heartbeat_ms": "70"}}]
)
def test_another_plan_has_another_digest(other: dict[str, object]) -> None:
    assert plan(**other).digest() != plan().digest()


def test_the_place_and_the_limits_around_a_run_do_not_change_what_is_done() -> None:
    elsewhere = msgspec.structs.replace(
        plan(), place="docker", place_options={"cpus": "1"}, ready_timeout_s=99.0
    )
    assert elsewhere.digest() == plan().digest()


def test_to_accept_skipped_faults_is_no_other_plan() -> None:
    accepted = plan(skip_unavailable=True)
    assert accepted.digest() == plan().digest()
    assert decode_plan(encode_plan(accepted), "plan.json") == accepted
    assert "--skip-unavailable" in command_of(accepted).split()
    assert "--skip-unavailable" not in command_of(plan()).split()


def test_adding_a_nemesis_moves_no_other() -> None:
    def pauses(nemeses: str) -> list[object]:
        return [
            (f.begin_ns, f.end_ns, f.spec)
            for f in plan(nemeses=nemeses).faults.faults
            if f.spec.kind == "pause"
        ]

    assert pauses("pause") == pauses("partition,pause,kill")


def test_the_command_makes_the_same_plan_again() -> None:
    words = command_of(plan()).split()
    assert words[:3] == ["splitbrain", "run", "raft"]
    assert words[words.index("--seed") + 1] == "7"
    assert words[words.index("-n") + 1] == "partition,kill,pause"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version": "x"}', encode_plan(plan())[:-20]])
def test_what_is_no_plan_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"plan\.json"):
        decode_plan(data, "plan.json")


def test_another_version_is_refused() -> None:
    other = msgspec.structs.replace(plan(), version=99)
    with pytest.raises(ConfigError, match="version 99"):
        decode_plan(encode_plan(other), "plan.json")
