"""The two clocks of a simulated node."""

from __future__ import annotations

import pytest

from systems.shells.sim_parts import Clock

S = 1_000_000_000


def test_a_clock_that_was_never_set_runs_with_true_time() -> None:
    clock = Clock()
    (local, wall), (later, wall_later) = clock.read(0), clock.read(7 * S)
    assert (later - local, wall_later - wall) == (7 * S, 7 * S)


@pytest.mark.parametrize("rate", [1.0, 1.05, 0.95])
def test_a_jump_moves_the_time_of_day_alone(rate: float) -> None:
    clock, steady = Clock(), Clock()
    for one, jump in ((clock, 3 * S), (steady, 0)):
        one.set(10 * S, rate, jump)
    local, wall = clock.read(14 * S)
    assert (local, wall - 3 * S) == steady.read(14 * S)


def test_a_drift_stays_on_the_monotonic_clock_and_leaves_the_time_of_day_when_it_is_set_right() -> None:
    clock, steady = Clock(), Clock()
    clock.set(10 * S, 1.05, 0)
    clock.set(30 * S, 1.0, 0)
    local, wall = clock.read(40 * S)
    assert local - steady.read(40 * S)[0] == S
    assert wall == steady.read(40 * S)[1]


def test_a_fast_clock_needs_less_true_time_for_a_delay() -> None:
    clock = Clock()
    assert clock.true_delay(S) == S
    clock.set(0, 1.25, 0)
    assert clock.true_delay(S) == 800_000_000
