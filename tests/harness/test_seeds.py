"""One seed, many streams that do not disturb each other."""

from __future__ import annotations

from harness.seeds import Seeds


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    first, second = Seeds(7), Seeds(7)
    second.stream("another").random()
    assert first.stream("nemesis").random() == second.stream("nemesis").random()


def test_streams_and_seeds_differ() -> None:
    assert Seeds(7).number("a") != Seeds(7).number("b")
    assert Seeds(7).number("a") != Seeds(8).number("a")


def test_a_stream_is_the_same_in_every_release() -> None:
    assert Seeds(42).number("nemesis") == 5095683634966272617
