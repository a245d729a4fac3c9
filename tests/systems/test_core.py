"""Events compare by what happened, not by the clocks and dice that came with it."""

from __future__ import annotations

from systems.core import Receive, Start, TimerFired


def test_clocks_and_dice_do_not_count() -> None:
    assert TimerFired("t", 7, 1, 2) == TimerFired("t")
    is_other = TimerFired("t", 7, 1, 2) != TimerFired("t")
    assert not is_other
    assert Receive("n1", "m", 5, 6) == Receive("n1", "m")
    assert hash(Start(1, 2)) == hash(Start())


def test_what_happened_does() -> None:
    assert TimerFired("t") != TimerFired("u")
    assert Receive("n1", "m") != Receive("n2", "m")
    assert Start() != TimerFired("t")
    assert TimerFired("t") != "t"


def test_an_event_without_its_circumstances_has_plain_zeros() -> None:
    fired = TimerFired("t")
    assert (fired.draw, fired.now_ns, fired.wall_ns) == (0, 0, 0)
