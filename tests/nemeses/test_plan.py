"""Fault plans: what the catalogue promises of them, for drawn seeds, spans and clusters."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemeses.catalogue import CATALOGUE, NemesisChoice, NemesisError, parse, plan_faults
from nemeses.faults import FaultSpec
from nemeses.patterns import HURT_SHARE, MIN_SPAN_NS
from nemeses.plan import FaultPlan, PlannedFault

S = 10**9
FIVE = tuple(f"n{i}" for i in range(1, 6))
REAL = tuple(name for name, info in CATALOGUE.items() if not info.simulated)
ALL = parse(",".join(REAL))
seeds = st.integers(0, 2**64)
spans = st.one_of(st.integers(MIN_SPAN_NS, 200 * S), st.sampled_from([5 * S, 30 * S, 60 * S]))


def test_a_nemesis_that_no_shape_of_fits_is_refused() -> None:
    with pytest.raises(NemesisError, match="members needs 2 nodes"):
        plan(1, parse("members"), nodes=("n1",))


@given(seeds)
def test_every_nemesis_has_faults_of_every_shape(seed) -> None:
    made = plan(seed, parse(",".join(CATALOGUE)), span_ns=100 * S)
    drawn = {(f.spec.kind, f.spec.shape) for f in made.faults}
    assert drawn == {(name, shape) for name, info in CATALOGUE.items() for shape in info.shapes}


def plan(seed: int, choices=ALL, nodes=FIVE, span_ns: int = 30 * S) -> FaultPlan:
    return plan_faults(choices, nodes, random.Random(seed), span_ns)


@given(seeds, spans, st.integers(1, 9))
def test_plans_keep_their_invariants(seed, span_ns, count) -> None:
    nodes = tuple(f"n{i}" for i in range(count))
    made = plan(seed, nodes=nodes, span_ns=span_ns)
    assert made.span_ns == span_ns
    assert [f.id for f in made.faults] == list(range(1, len(made.faults) + 1))
    last_end: dict[str, int] = {}
    for earlier, later in zip(made.faults, made.faults[1:], strict=False):
        assert earlier.begin_ns <= later.begin_ns
    for fault in made.faults:
        assert 0 <= fault.begin_ns < fault.end_ns <= span_ns * HURT_SHARE
        assert fault.begin_ns >= last_end.get(fault.spec.kind, 0)
        last_end[fault.spec.kind] = fault.end_ns
        assert sorted(fault.spec.order) == sorted(nodes)
        assert CATALOGUE[fault.spec.kind].min_nodes[fault.spec.shape] <= count
    assert {f.spec.kind for f in made.faults} == set(REAL)
    assert msgspec.json.decode(msgspec.json.encode(made), type=FaultPlan) == made


@given(seeds)
def test_thirty_seconds_of_everything(seed) -> None:
    made = plan(seed)
    assert Counter(f.spec.kind for f in made.faults) == {"partition": 3, "kill": 3, "pause": 3}
    for fault in made.faults:
        assert 2 * S <= fault.end_ns - fault.begin_ns <= 5 * S
    for kind in REAL:
        shapes = [f.spec.shape for f in made.faults if f.spec.kind == kind]
        assert "leader" in shapes[:2]
        assert len(set(shapes)) == 3
    assert made.faults[0].begin_ns >= 2.25 * S  # a leader has been elected by then
    assert quiet_gaps(made) >= 2


def quiet_gaps(made: FaultPlan) -> int:
    """Gaps of more than two seconds, between faults, in which nothing is wrong at all."""
    gaps, until = 0, made.faults[0].end_ns
    for fault in made.faults[1:]:
        gaps += fault.begin_ns - until > 2 * S
        until = max(until, fault.end_ns)
    return gaps


@given(seeds, st.sampled_from(REAL))
def test_a_short_run_hurts_the_leader_once(seed, name) -> None:
    (fault,) = plan(seed, parse(name), span_ns=5 * S).faults
    assert fault.spec.shape == "leader"
    assert fault.end_ns - fault.begin_ns >= S


@given(seeds, st.permutations(["partition", "kill", "pause"]), st.integers(0, 3))
def test_adding_a_nemesis_moves_no_other(seed, names, kept) -> None:
    whole, part = plan(seed), plan(seed, parse(",".join(names[:kept])))
    for name in names[:kept]:
        assert strand(part, name) == strand(whole, name)
    assert len(part.faults) == 3 * kept


def strand(made: FaultPlan, kind: str) -> list[tuple[int, int, FaultSpec]]:
    return [(f.begin_ns, f.end_ns, f.spec) for f in made.faults if f.spec.kind == kind]


def test_nemeses_do_not_share_a_stream() -> None:
    made = plan(1)
    assert len({tuple(b for b, _, _ in strand(made, kind)) for kind in REAL}) == 3
    assert len({tuple(s.order for _, _, s in strand(made, kind)) for kind in REAL}) == 3


def test_seeds_differ_and_all_shapes_come() -> None:
    shapes = {(f.spec.kind, f.spec.shape) for seed in range(40) for f in plan(seed).faults}
    assert shapes == {(kind, shape) for kind in REAL for shape in CATALOGUE[kind].shapes}
    assert len({plan(seed).faults[0].begin_ns for seed in range(40)}) == 40


def test_plans_are_the_same_under_another_hash_seed() -> None:
    text = (
        "import random, msgspec; from nemeses.catalogue import *;"
        "made = plan_faults(parse('pause,partition'), ['b', 'a', 'c'], random.Random(7), 10**11);"
        "print(msgspec.json.encode(made))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", text], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 100


@pytest.mark.parametrize("text", ["", "none", " none "])
def test_no_nemesis_no_faults(text: str) -> None:
    assert parse(text) == []
    assert plan(1, parse(text)).faults == ()


def test_shapes_are_chosen_with_plus() -> None:
    assert parse("kill:leader+all, partition") == [
        NemesisChoice("kill", ("leader", "all")),
        NemesisChoice("partition"),
    ]
    made = plan(3, parse("kill:one+all"), span_ns=100 * S)
    shapes = [f.spec.shape for f in made.faults]
    assert sorted(shapes[:2]) == ["all", "one"]
    assert shapes == (shapes[:2] * 9)[: len(shapes)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("partitoin", r"no nemesis 'partitoin': did you mean 'partition'\?"),
        ("qqq", "no nemesis 'qqq': there are: partition, kill, pause"),
        ("kill,", "no nemesis ''"),
        ("kill:leeder", r"no shape of 'kill' 'leeder': did you mean 'leader'\?"),
        ("kill:", "no shape of 'kill' ''"),
        ("kill:bridge", "no shape of 'kill' 'bridge'"),
        ("kill,kill:one", "'kill' is named twice"),
        ("kill,none", "'none' stands alone"),
    ],
)
def test_what_there_is_not_is_refused_with_a_suggestion(text: str, told: str) -> None:
    with pytest.raises(NemesisError, match=told):
        parse(text)


def test_what_a_cluster_is_too_small_for_is_refused_if_named() -> None:
    with pytest.raises(
        NemesisError, match=r"partition:bridge needs 3 nodes, there are 2; possible: one, halves"
    ):
        plan(1, parse("partition:one+bridge"), nodes=("a", "b"))
    with pytest.raises(NemesisError, match="different names"):
        plan(1, nodes=("a", "a"))
    with pytest.raises(NemesisError, match="too short"):
        plan(1, span_ns=MIN_SPAN_NS - 1)


SPEC = FaultSpec("kill", "one", ("a",))


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([(2, 0, 5, SPEC)], "has the id 2"),
        ([(1, -1, 5, SPEC)], "lasts from -1"),
        ([(1, 5, 5, SPEC)], "lasts from 5 to 5"),
        ([(1, 5, 101, SPEC)], "not within 0 to 100"),
        ([(1, 5, 9, SPEC), (2, 4, 9, FaultSpec("pause", "one", ("a",)))], "in order of time"),
        ([(1, 5, 9, SPEC), (2, 8, 12, SPEC)], "before the kill before it has ended"),
    ],
)
def test_a_plan_that_breaks_an_invariant_cannot_be_made_or_read(faults, told: str) -> None:
    planned = tuple(PlannedFault(*fault) for fault in faults)
    with pytest.raises(ValueError, match=told):
        FaultPlan(100, planned)
    text = msgspec.json.encode({"span_ns": 100, "faults": planned})
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.json.decode(text, type=FaultPlan)


def test_kinds_may_overlap_and_follow_each_other_at_once() -> None:
    other = FaultSpec("pause", "one", ("a",))
    planned = [PlannedFault(1, 0, 5, SPEC), PlannedFault(2, 3, 9, other), PlannedFault(3, 5, 8, SPEC)]
    assert len(FaultPlan(10, tuple(planned)).faults) == 3
