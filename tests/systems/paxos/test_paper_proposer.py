"""One test per rule of "Paxos Made Simple" (Lamport 2001) for proposers and the leader; its section in each
docstring.
"""

from __future__ import annotations

import pytest

from systems import kv
from systems.core import Persist, Send, Trace
from systems.paxos.core import PaxosCore
from systems.paxos.leader import WINDOW
from systems.paxos.messages import (
    BATCH,
    Accept,
    Accepted,
    Ballot,
    Heartbeat,
    Noop,
    Preempted,
    Prepare,
    Promise,
    Promised,
    Vote,
    Voted,
    term_of,
)
from tests.systems.lone_node import FIVE, LoneNode, answers, place, sent
from tests.systems.paxos.nodes import (
    b,
    ballot,
    elect,
    known,
    leader,
    node_with,
    obeyed,
    paxos,
    stand,
    voted,
    write,
)


def test_phase_1_asks_all_and_is_written_down_first() -> None:
    """2.2, phase 1a; 2.5: its own acceptor's promise remembers the ballot, so it precedes the messages."""
    node = LoneNode(PaxosCore)
    effects = node.fire("election")
    assert sent(effects) == [Prepare(b(1, "n1"), 1)] * 2
    assert node.records == [Promised(b(1, "n1"))]
    assert place(effects, Persist) < place(effects, Send)


def test_no_ballot_is_used_twice() -> None:
    """2.5: a proposer begins phase 1 with a higher number than any it has already used, restarted or not."""
    node, used = LoneNode(PaxosCore), list[Ballot]()
    for _ in range(3):
        used.append(stand(node).ballot)
        used.append(stand(node).ballot)
        node.restart()
    assert used == sorted(set(used))


def test_a_ballot_is_above_all_that_was_heard_of() -> None:
    """2.5 and 2.4: else it would be refused again."""
    node = node_with([Promised(b(7))])
    assert stand(node).ballot == b(8, "n1")
    node.hear("n3", Preempted(b(20, "n3")))
    assert paxos(node).role == "follower"
    assert sent(node.fire("election")) == [], "whoever has that ballot is given a whole period"
    assert stand(node).ballot == b(21, "n1")


@pytest.mark.parametrize(
    ("size", "promises", "leads"), [(3, 0, False), (3, 1, True), (5, 1, False), (5, 2, True)]
)
def test_a_majority_of_promises_begins_phase_2(size: int, promises: int, leads: bool) -> None:
    """2.2, phase 2a: if the proposer receives a response from a majority of acceptors; each counts once."""
    node = LoneNode(PaxosCore, members=FIVE[:size])
    request = stand(node)
    for peer in FIVE[1 : 1 + promises]:
        for _ in range(3):
            node.hear(peer, Promise(request.ballot, 1, (), 0))
    assert (paxos(node).role == "leader") == leads


def test_promises_of_other_ballots_do_not_count() -> None:
    """2.2, phase 2a: a response to its prepare requests numbered n."""
    node = LoneNode(PaxosCore)
    stand(node)
    again = stand(node)
    node.hear("n2", Promise(b(1, "n1"), 1, (), 0))
    assert paxos(node).role == "candidate"
    node.hear("n2", Promise(again.ballot, 1, (), 0))
    assert paxos(node).role == "leader"


def test_the_value_of_the_highest_ballot_is_proposed_and_gaps_are_filled() -> None:
    """P2c and section 3: per slot the highest-numbered vote of any acceptor, its own too; no-ops between."""
    node = node_with([Voted(b(2), 1, (write(1),)), Voted(b(3), 2, (write(2),))])
    reported = [Vote(1, b(1), write(11)), Vote(2, b(3, "n3"), write(12)), Vote(5, b(1), write(15))]
    effects = elect(node, reported)
    proposed = (write(1), write(12), Noop(), Noop(), write(15))
    (accept,) = [m for m in sent(effects, "n3") if isinstance(m, Accept)]
    assert accept == Accept(b(4, "n1"), 1, proposed, 0)
    assert node.records[-1] == Voted(b(4, "n1"), 1, proposed)


def test_a_report_in_parts_counts_when_it_is_whole() -> None:
    """P2c: the highest vote of a slot is known only when all were reported."""
    node = LoneNode(PaxosCore)
    request = stand(node)
    part = Promise(request.ballot, 1, (Vote(1, b(0), write(1)),), 2)
    assert sent(node.hear("n2", part)) == [Prepare(request.ballot, 2)]
    assert sent(node.hear("n2", part)) == [], "it came again"
    assert paxos(node).role == "candidate"
    assert sent(node.fire("election")) == [], "the report is on its way"
    effects = node.hear("n2", Promise(request.ballot, 2, (Vote(2, b(0), write(2)),), 0))
    assert Accept(request.ballot, 1, (write(1), write(2)), 0) in sent(effects)


def test_commands_follow_in_free_slots_without_another_phase_1() -> None:
    """Section 3: the leader proposes a command in the next instance, and executes only phase 2."""
    node = LoneNode(PaxosCore)
    elect(node, [Vote(1, b(0), write(1))])
    effects = node.ask(7, write(2))
    assert sent(effects) == [Accept(ballot(node), 2, (write(2),), 0)] * 2
    assert place(effects, Send) < place(effects, Persist), "the disk is written while the messages travel"


def test_what_is_known_to_be_chosen_is_not_proposed_again() -> None:
    """Section 3: phase 1 is for the instances from the first on that is not known."""
    node = LoneNode(PaxosCore)
    node.hear("n2", Accept(b(1), 1, (write(1), write(2)), 2))
    node.fire("election")  # that leader was heard in this period
    assert stand(node).first == 3
    assert known(node) == [write(1), write(2)]


@pytest.mark.parametrize(("size", "votes", "chosen"), [(3, 1, True), (5, 1, False), (5, 2, True)])
def test_a_client_is_answered_when_its_command_is_chosen(size: int, votes: int, chosen: bool) -> None:
    """2.2: a value is chosen when a majority has accepted it; and section 3: executed, then answered."""
    node = leader(FIVE[:size])
    node.ask(7, write(2))
    told = {}
    for peer in FIVE[1 : 1 + votes]:
        for _ in range(2):
            told |= answers(node.hear(peer, voted(node, 1)))
    assert told == ({7: kv.Ok()} if chosen else {})


def test_a_preempted_leader_gives_up_its_ballot() -> None:
    """2.2: it abandons a proposal when some acceptor has promised a higher one. What was proposed may yet be
    chosen; what was not proposed, and reads, did nothing.
    """
    node = leader()
    for request_id in range(WINDOW + 1):
        node.ask(request_id, write(request_id))
    node.ask(90, kv.Read("k"))
    told = answers(node.hear("n3", Preempted(b(9, "n3"))))
    assert paxos(node).role == "follower"
    assert [isinstance(told[n], kv.Uncertain) for n in range(WINDOW)] == [True] * WINDOW
    assert told[WINDOW] == told[90] == kv.NotLeader(None)


def test_a_higher_leader_is_followed_and_named() -> None:
    """Section 3: a single leader; clients are sent to it."""
    node = leader()
    node.ask(1, kv.Read("k"))
    effects = node.hear("n3", Heartbeat(b(9, "n3"), 0, 1))
    assert answers(effects) == {1: kv.NotLeader("n3")}
    assert answers(node.ask(2, write(1))) == {2: kv.NotLeader("n3")}
    roles = [e.fields for e in effects if isinstance(e, Trace)]
    assert roles == [{"term": term_of(b(9, "n3"), ("n1", "n2", "n3")), "role": "follower", "leader": "n3"}]


def test_who_hears_of_another_proposer_waits() -> None:
    """2.4: two proposers can keep outbidding each other; a random time-out and patience prevent it."""
    node = LoneNode(PaxosCore)
    node.hear("n2", Prepare(b(1), 1))
    assert sent(node.fire("election")) == []
    assert stand(node).ballot == b(2, "n1")


def test_few_batches_are_under_way() -> None:
    """Section 3 bounds how far the leader gets ahead; here a burst travels together in the next batch."""
    node = leader()
    under_way = sum(len(sent(node.ask(n, write(n)), "n2")) for n in range(50))
    assert under_way == WINDOW
    (rest,) = [m for m in sent(node.hear("n2", voted(node, 1)), "n2") if isinstance(m, Accept)]
    assert (rest.first, len(rest.values)) == (WINDOW + 1, 50 - WINDOW)


def test_a_long_inheritance_is_proposed_in_batches() -> None:
    """Section 3: phase 2 for every instance that phase 1 found; none is longer than a batch."""
    node = LoneNode(PaxosCore)
    votes = [Vote(slot, b(0), write(slot)) for slot in range(1, 2 * BATCH + 11)]
    sizes = [len(m.values) for m in sent(elect(node, votes), "n2") if isinstance(m, Accept)]
    assert sizes == [BATCH, BATCH, 10]


def test_what_was_not_answered_is_sent_again() -> None:
    """2.5: messages can be lost. Again with the heartbeats, to whom answers, from the second one on."""
    node = leader(FIVE)
    node.fire("heartbeat")
    for n in range(4):
        node.ask(n, write(n))
    node.hear("n2", voted(node, 2))  # slot 1's message, or its answer, was lost
    node.hear("n3", obeyed(node, 1))
    assert [type(m) for m in sent(node.fire("heartbeat"), "n2")] == [Heartbeat], (
        "the others may be on their way"
    )
    node.hear("n2", obeyed(node, 2))
    again = [m for m in sent(node.fire("heartbeat")) if isinstance(m, Accept)]
    assert [(m.first, len(m.values)) for m in again] == [(1, 1), (3, 2)], "the others are silent"


def test_a_leader_without_a_quorum_sends_clients_away_and_goes_on_later() -> None:
    """Section 3: a ballot that nobody outbid needs no other phase 1."""
    node = leader()
    before = ballot(node)
    node.ask(1, write(1))
    node.ask(2, kv.Read("k"))
    told = {}
    for _ in range(9):
        told |= answers(node.fire("heartbeat"))
    assert isinstance(told[1], kv.Uncertain)
    assert told[2] == kv.NotLeader(None)
    assert answers(node.ask(3, write(3))) == {3: kv.NotLeader(None)}
    node.hear("n3", obeyed(node, 9))
    assert answers(node.ask(4, write(4))) == {}
    assert ballot(node) == before
    node.hear("n3", Accepted(before, 1, 1))
    assert answers(node.hear("n3", Accepted(before, 2, 1))) == {4: kv.Ok()}


def test_a_cluster_of_one_chooses_alone() -> None:
    """2.2: a majority of one is one."""
    node = LoneNode(PaxosCore, members=("n1",))
    node.fire("election")
    assert answers(node.ask(1, write(5))) == {1: kv.Ok()}
    assert answers(node.ask(2, kv.Read("k"))) == {2: kv.Ok(5)}
    node.restart()
    node.fire("election")
    assert answers(node.ask(3, kv.Read("k"))) == {3: kv.Ok(5)}
