"""Lanes, spans, segments and scales against naive counting."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from checkers.history import Disturbance
from checkers.overlap import fault_span
from reports.record import RolePoint
from reports.timeline import Scale, fault_bands, leader_changes, nice_ticks, role_segments, stack
from tests.reports.samples import valid_raft

INTERVALS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=25)


@given(INTERVALS)
def test_lanes_never_hold_two_intervals_that_overlap_and_are_as_few_as_possible(
    drawn: list[tuple[int, int]],
) -> None:
    intervals = [(a, a + length) for a, length in drawn]
    lanes = stack(intervals)
    for i, (a, b) in enumerate(intervals):
        for j, (c, d) in enumerate(intervals[:i]):
            if a < d and c < b:
                assert lanes[i] != lanes[j]
    deepest = max((sum(a <= x < b for a, b in intervals if b > a) for x in range(60)), default=0)
    if all(length > 0 for _, length in drawn):
        assert max(lanes, default=-1) + 1 == deepest


def test_a_fault_lasts_from_begin_to_end_or_to_the_end_of_the_run() -> None:
    assert fault_span(Disturbance(1, "kill", (), "", 5, 6, 9, "installed"), 100) == (6, 9)
    assert fault_span(Disturbance(1, "kill", (), "", 5, 6, None, "installed"), 100) == (6, 100)
    assert fault_span(Disturbance(1, "kill", (), "", 5), 100) == (5, 5)


def test_a_skipped_fault_lasts_no_time_at_all() -> None:
    assert fault_span(Disturbance(1, "pause", (), "", 5, 6, None, "skipped"), 100) == (5, 5)


def test_bands_are_in_order_and_those_at_once_stand_in_different_lanes() -> None:
    record = valid_raft(100)
    bands = fault_bands(record.history.disturbances, record.card.end_ns)
    assert [b.fault.id for b in bands] == [1, 2, 3, 4, 5, 6]
    assert [b.lane for b in bands] == [0, 1, 0, 0, 1, 0]


def test_role_segments_tell_the_role_at_every_time() -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    points = [
        RolePoint(t, rng.choice("ab"), rng.randrange(3), rng.choice(("leader", "follower")), False)
        for t in sorted(rng.sample(range(200), 40))
    ]
    segments = role_segments(points, 200)
    for node in "ab":
        for t in range(200):
            known = [p for p in points if p.node == node and p.time_ns <= t]
            expected = [(known[-1].term, known[-1].role)] if known else []
            found = [(s.term, s.role) for s in segments.get(node, []) if s.begin_ns <= t < s.end_ns]
            assert found == expected, f"seed {seed}, node {node}, time {t}"


def test_leader_changes_count_terms_and_leaders_once() -> None:
    def leads(term: int, node: str) -> RolePoint:
        return RolePoint(term, node, term, "leader", True)

    assert leader_changes([]) == 0
    assert leader_changes([leads(1, "a"), leads(1, "a")]) == 0
    assert leader_changes([leads(1, "a"), leads(2, "a"), leads(2, "b")]) == 2
    assert leader_changes(valid_raft(100).roles) == 4


@given(st.floats(0, 1000), st.floats(0.001, 5000), st.integers(1, 12))
def test_ticks_are_inside_even_and_few(low: float, span: float, most: int) -> None:
    ticks = nice_ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    assert all(low - 1e-6 <= t <= low + span + 1e-6 for t in ticks)
    gaps = [b - a for a, b in itertools.pairwise(ticks)]
    assert all(abs(g - gaps[0]) < 1e-6 for g in gaps)


def test_a_scale_is_linear_between_its_points_and_constant_outside() -> None:
    scale = Scale((10, 20, 40), (0, 100, 120))
    assert [scale(t) for t in (0, 10, 15, 20, 30, 40, 99)] == [0, 0, 50, 100, 110, 120, 120]
