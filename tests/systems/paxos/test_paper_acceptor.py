"""One test per rule of "Paxos Made Simple" (Lamport 2001) for acceptors; its section in each docstring."""

from __future__ import annotations

import pytest

from systems.core import Persist, Send
from systems.paxos.core import PaxosCore
from systems.paxos.messages import (
    BATCH,
    Accept,
    Accepted,
    Heartbeat,
    Obeyed,
    Preempted,
    Prepare,
    Promise,
    Promised,
    Vote,
    Voted,
)
from tests.systems.lone_node import LoneNode, place, sent
from tests.systems.paxos.nodes import b, node_with, write


def test_ballots_are_ordered_by_number_and_then_by_node() -> None:
    """2.2: different proposals have different numbers, so each number belongs to one proposer."""
    assert b(1, "n2") < b(1, "n3") < b(2, "n1")


def test_it_promises_the_highest_ballot_only() -> None:
    """2.2, phase 1b: it responds to a prepare request whose number is above those it has responded to."""
    node = LoneNode(PaxosCore)
    assert sent(node.hear("n2", Prepare(b(5), 1))) == [Promise(b(5), 1, (), 0)]
    assert sent(node.hear("n3", Prepare(b(4, "n3"), 1))) == [Preempted(b(5))]
    assert sent(node.hear("n3", Prepare(b(5, "n3"), 1))) == [Promise(b(5, "n3"), 1, (), 0)]
    assert sent(node.hear("n2", Prepare(b(5), 1))) == [Preempted(b(5, "n3"))]


def test_a_repeated_prepare_is_answered_again() -> None:
    """2.5: messages can be duplicated and lost; the answer may have been."""
    node = LoneNode(PaxosCore)
    node.hear("n2", Prepare(b(5), 1))
    assert sent(node.hear("n2", Prepare(b(5), 1))) == [Promise(b(5), 1, (), 0)]


def test_a_promise_is_written_down_before_it_is_told_and_survives() -> None:
    """2.5: an acceptor records its intended response in stable storage before actually sending it."""
    node = LoneNode(PaxosCore)
    effects = node.hear("n2", Prepare(b(5), 1))
    assert node.records == [Promised(b(5))]
    assert place(effects, Persist) < place(effects, Send)
    node.restart()
    assert sent(node.hear("n3", Prepare(b(4, "n3"), 1))) == [Preempted(b(5))]
    assert sent(node.hear("n3", Accept(b(4, "n3"), 1, (write(1),), 0))) == [Preempted(b(5))]


def test_a_vote_is_written_down_before_it_is_told_and_survives() -> None:
    """2.5: as with promises; the vote also outlives later ones in other slots."""
    node = LoneNode(PaxosCore)
    effects = node.hear("n2", Accept(b(5), 1, (write(1), write(2)), 0))
    assert node.records == [Voted(b(5), 1, (write(1), write(2)))]
    assert place(effects, Persist) < place(effects, Send)
    node.hear("n2", Accept(b(5), 4, (write(4),), 0))
    node.restart()
    (promise,) = sent(node.hear("n3", Prepare(b(6, "n3"), 1)))
    assert promise.votes == (Vote(1, b(5), write(1)), Vote(2, b(5), write(2)), Vote(4, b(5), write(4)))


@pytest.mark.parametrize(("number", "votes"), [(4, False), (5, True), (6, True)])
def test_it_votes_unless_it_promised_a_higher_ballot(number: int, votes: bool) -> None:
    """P1a: it can accept a proposal numbered n iff it has not responded to a prepare request above n."""
    node = node_with([Promised(b(5, "n3"))])
    (answer,) = sent(node.hear("n3", Accept(b(number, "n3"), 1, (write(1),), 0)))
    assert answer == (Accepted(b(number, "n3"), 1, 1) if votes else Preempted(b(5, "n3")))


def test_a_vote_is_a_promise_of_its_ballot() -> None:
    """P1a: after a vote in a ballot it takes part in none below, restarted or not."""
    node = LoneNode(PaxosCore)
    node.hear("n3", Accept(b(6, "n3"), 1, (write(1),), 0))
    for _ in range(2):
        assert sent(node.hear("n2", Prepare(b(5), 1))) == [Preempted(b(6, "n3"))]
        node.restart()


def test_the_vote_of_the_highest_ballot_is_reported() -> None:
    """2.2, phase 1b: with the highest-numbered proposal, if any, that it has accepted."""
    votes = [Voted(b(1), 1, (write(1), write(2))), Voted(b(3), 2, (write(3),))]
    node = node_with(votes)
    (promise,) = sent(node.hear("n3", Prepare(b(4, "n3"), 1)))
    assert promise.votes == (Vote(1, b(1), write(1)), Vote(2, b(3), write(3)))
    (promise,) = sent(node.hear("n3", Prepare(b(4, "n3"), 2)))
    assert promise.votes == (Vote(2, b(3), write(3)),)


def test_a_long_report_comes_in_parts() -> None:
    """Section 3: phase 1 for infinitely many instances in a short message; here not longer than a batch."""
    values = tuple(write(n) for n in range(BATCH + 3))
    node = node_with([Voted(b(1), 2, values)])
    (part,) = sent(node.hear("n3", Prepare(b(4, "n3"), 1)))
    assert (len(part.votes), part.first, part.next) == (BATCH, 1, BATCH + 2)
    (rest,) = sent(node.hear("n3", Prepare(b(4, "n3"), part.next)))
    assert (len(rest.votes), rest.next) == (3, 0)
    assert [v.slot for v in (*part.votes, *rest.votes)] == list(range(2, BATCH + 5))


def test_a_repeated_accept_is_answered_and_not_written_again() -> None:
    """2.5: messages can be duplicated; the vote is on disk already."""
    node = LoneNode(PaxosCore)
    for _ in range(2):
        assert sent(node.hear("n2", Accept(b(5), 1, (write(1),), 0))) == [Accepted(b(5), 1, 1)]
    assert node.records == [Voted(b(5), 1, (write(1),))]


def test_a_heartbeat_is_obeyed_like_a_prepare() -> None:
    """P1a: whoever confirms a ballot to its leader takes part in none below."""
    node = LoneNode(PaxosCore)
    effects = node.hear("n2", Heartbeat(b(5), 0, 7))
    assert sent(effects) == [Obeyed(b(5), 7)]
    assert place(effects, Persist) < place(effects, Send)
    node.restart()
    assert sent(node.hear("n3", Heartbeat(b(4, "n3"), 0, 1))) == [Preempted(b(5))]
