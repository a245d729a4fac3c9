"""Reads that wait for a majority's word."""

from __future__ import annotations

from systems.core import CoreConfig
from systems.primary_backup.rounds import Rounds
from tests.systems.lone_node import FIVE


def rounds(members: tuple[str, ...] = FIVE, first: int = 0) -> Rounds:
    return Rounds(CoreConfig("n1", members), first)


def test_a_read_needs_a_majority_in_a_round_begun_after_it() -> None:
    reads = rounds()
    reads.add(1, "a")
    assert reads.begin()
    reads.add(2, "b")
    assert not reads.begin(), "one at a time"
    reads.confirm("n2", 1)
    reads.confirm("n2", 1)
    assert list(reads.take()) == []
    reads.confirm("n3", 1)
    assert list(reads.take()) == [(1, "a")]
    assert reads.begin()
    assert reads.number == 2
    assert reads.is_open()


def test_late_confirmations_of_earlier_rounds_take_nothing_back() -> None:
    reads = rounds()
    reads.add(1, "a")
    reads.begin()
    for number in (1, 0):
        for peer in ("n2", "n3"):
            reads.confirm(peer, number)
    assert list(reads.take()) == [(1, "a")]


def test_without_reads_there_are_no_rounds() -> None:
    assert not rounds().begin()


def test_what_is_given_up_leaves_no_round_open_that_others_would_wait_for() -> None:
    reads = rounds(first=7)
    reads.add(1, "a")
    reads.begin()
    assert list(reads.clear()) == [(1, "a")]
    reads.add(2, "b")
    assert reads.begin()
    assert reads.number == 9


def test_alone_a_node_is_its_own_majority() -> None:
    reads = rounds(("n1",))
    reads.add(1, "a")
    assert list(reads.take()) == []
    assert reads.begin()
    assert list(reads.take()) == [(1, "a")]
