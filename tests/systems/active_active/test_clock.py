"""Hybrid logical clocks, by the rules of Kulkarni et al. 2014."""

from __future__ import annotations

from random import Random

from systems.active_active.clock import HybridClock


def test_the_time_of_day_is_taken_when_it_is_ahead() -> None:
    """Figure 5, send or local event: l' < pt, so l = pt and c = 0."""
    clock = HybridClock()
    assert clock.stamp(10) == (10, 0)
    assert clock.stamp(25) == (25, 0)


def test_the_counter_rises_while_the_time_of_day_does_not() -> None:
    """Figure 5, send or local event: l stays, so c = c + 1; also when the time of day jumped back."""
    clock = HybridClock()
    assert [clock.stamp(10), clock.stamp(10), clock.stamp(3)] == [(10, 0), (10, 1), (10, 2)]


def test_what_follows_a_message_is_above_it() -> None:
    """Figure 5, receive event: l = l.m, so c is above c.m."""
    clock = HybridClock()
    clock.stamp(10)
    clock.observe((40, 7))
    assert clock.stamp(11) == (40, 8)
    clock.observe((40, 3))
    assert clock.stamp(11) == (40, 9)
    assert clock.stamp(41) == (41, 0)


def test_it_follows_causality_whatever_the_times_of_day_do() -> None:
    """Theorem 1: readings rise along every chain of events and messages; section 3: l is never above the
    highest time of day that any node had.
    """
    for seed in range(50):
        stream = Random(seed)
        clocks = [HybridClock() for _ in range(3)]
        last = [(0, 0)] * 3  # the highest reading that each node's events have to be above
        highest = 0
        for _ in range(200):
            node, wall = stream.randrange(3), stream.randrange(1000)
            highest = max(highest, wall)
            reading = clocks[node].stamp(wall)
            assert last[node] < reading <= (highest, 200), f"seed {seed}"
            last[node] = reading
            peer = stream.randrange(3)
            clocks[peer].observe(reading)
            last[peer] = max(last[peer], reading)
