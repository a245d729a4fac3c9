"""One test per rule for learners (Paxos Made Simple, sections 2.3 and 3) and for reads (van Renesse &
Altinbuken 2015, on read-only commands); in each docstring where it stands.
"""

from __future__ import annotations

from systems import kv
from systems.core import CoreConfig
from systems.paxos.core import PaxosCore
from systems.paxos.learner import Learner
from systems.paxos.messages import BATCH, Accept, Chosen, Heartbeat, Learn, Vote
from systems.paxos.site import Site
from tests.systems.lone_node import FIVE, LoneNode, answers, sent
from tests.systems.paxos.nodes import b, elect, known, leader, obeyed, paxos, voted, write


def learner() -> Learner:
    """Of a cluster of five; its acceptor voted in the slots 1 and 2 in ballot 3."""
    site = Site(CoreConfig("n1", FIVE), [])
    site.acceptor.accept(b(3), 1, (write(1), write(2)))
    return site.learner


def test_votes_of_one_ballot_by_a_majority_choose() -> None:
    """2.2: chosen when a single proposal has been accepted by a majority."""
    one = learner()
    assert one.count("n1", b(3), range(1, 2)) == []
    assert one.count("n2", b(3), range(1, 2)) == []
    assert one.count("n2", b(3), range(1, 2)) == [], "the same acceptor"
    assert one.count("n3", b(3), range(1, 2)) == [(1, kv.Ok())]
    assert one.count("n4", b(3), range(1, 2)) == [], "chosen already"


def test_votes_of_different_ballots_are_not_added() -> None:
    """2.2: of a single proposal, that is, in one ballot."""
    one = learner()
    one.count("n2", b(1), range(1, 2))
    one.count("n3", b(2), range(1, 2))
    one.count("n1", b(3), range(1, 2))
    one.count("n4", b(2), range(1, 2))
    assert one.count("n5", b(3), range(1, 2)) == []
    assert one.count("n4", b(3), range(1, 2)) == [(1, kv.Ok())]


def test_slots_are_applied_in_order() -> None:
    """Section 3: command i is executed when it and all before it are chosen."""
    one = learner()
    assert one.learn(3, kv.Cas("k", 2, 3)) == []
    assert one.learn(2, write(2)) == []
    assert one.known == 0
    assert one.learn(1, write(1)) == [(1, kv.Ok()), (2, kv.Ok()), (3, kv.Ok(True))]
    assert (one.known, one.store.values) == (3, {"k": 3})


def test_a_follower_learns_from_the_leader_what_it_voted_for() -> None:
    """2.3: a distinguished learner informs the others; here by the number of slots that are chosen."""
    node = LoneNode(PaxosCore)
    node.hear("n2", Accept(b(2), 1, (write(1), write(2)), 0))
    assert known(node) == []
    node.hear("n2", Heartbeat(b(2), 1, 1))
    assert known(node) == [write(1)]
    node.hear("n2", Accept(b(2), 3, (write(3),), 2))
    assert known(node) == [write(1), write(2)]


def test_a_vote_of_an_older_ballot_says_nothing_of_what_was_chosen() -> None:
    """2.3: whether it was accepted by a majority is not known; it has to be asked."""
    node = LoneNode(PaxosCore)
    node.hear("n2", Accept(b(2), 1, (write(1),), 0))
    assert Learn(1) in sent(node.hear("n3", Heartbeat(b(3, "n3"), 1, 1)), "n3")
    assert known(node) == []


def test_a_lagging_learner_catches_up_in_batches() -> None:
    """2.3: a learner may not find out because of lost messages; it asks another learner."""
    teacher, pupil = learner(), LoneNode(PaxosCore)
    for slot in range(1, BATCH + 11):
        teacher.learn(slot, write(slot))
    asked = sent(pupil.hear("n2", Heartbeat(b(2), BATCH + 10, 1)))
    assert Learn(1) in asked
    part = teacher.tell(1)
    assert sent(pupil.hear("n2", part)) == [Learn(BATCH + 1)]
    assert sent(pupil.hear("n2", part)) == [], "it came again"
    assert sent(pupil.hear("n2", teacher.tell(BATCH + 1))) == []
    assert known(pupil) == teacher.values


def test_a_learner_is_told_what_is_known_and_nothing_else() -> None:
    """2.3: only what is chosen."""
    node = leader()
    node.ask(1, write(1))
    node.ask(2, write(2))
    assert sent(node.hear("n3", Learn(1))) == []
    node.hear("n2", voted(node, 1))
    assert sent(node.hear("n3", Learn(1))) == [Chosen(1, (write(1),), 1)]


def test_a_read_waits_for_a_quorum_that_was_asked_after_it_came() -> None:
    """Read-only commands: the leader first makes sure that no other was elected."""
    node = leader()
    assert sent(node.ask(1, kv.Read("k"))) == [], "round 1, under way, began before the read came"
    assert answers(node.hear("n2", obeyed(node, 0))) == {}
    (begun,) = [m for m in sent(node.hear("n2", obeyed(node, 1)), "n3") if isinstance(m, Heartbeat)]
    assert begun.round == 2
    assert answers(node.hear("n3", obeyed(node, 1))) == {}
    assert answers(node.hear("n3", obeyed(node, 2))) == {1: kv.Ok(None)}


def test_reads_share_rounds() -> None:
    """Read-only commands: one round serves any number of reads."""
    node = leader()
    node.hear("n2", obeyed(node, 1))
    assert [m.round for m in sent(node.ask(1, kv.Read("k")), "n2")] == [2]
    assert [m for n in (2, 3, 4) for m in sent(node.ask(n, kv.Read("k")))] == []
    effects = node.hear("n2", obeyed(node, 2))
    assert list(answers(effects)) == [1], "the others came after the round had begun"
    assert [m.round for m in sent(effects, "n3")] == [3]
    assert list(answers(node.hear("n2", obeyed(node, 3)))) == [2, 3, 4]


def test_a_read_waits_for_what_earlier_ballots_chose() -> None:
    """Section 3: the new leader knows it only when its own phase 2 for those slots is done."""
    node = LoneNode(PaxosCore)
    elect(node, [Vote(1, b(0), write(1)), Vote(2, b(0), write(2))])
    node.ask(1, kv.Read("k"))
    node.hear("n2", obeyed(node, 1))
    assert answers(node.hear("n2", obeyed(node, 2))) == {}
    assert answers(node.hear("n2", voted(node, 1))) == {}
    assert answers(node.hear("n2", voted(node, 2))) == {1: kv.Ok(2)}


def test_lost_rounds_are_made_good_by_the_next_heartbeat() -> None:
    """2.5: messages can be lost."""
    node = leader()
    node.ask(1, kv.Read("k"))
    beats = [m for m in sent(node.fire("heartbeat"), "n2") if isinstance(m, Heartbeat)]
    assert answers(node.hear("n2", obeyed(node, beats[-1].round))) == {1: kv.Ok(None)}


def test_nothing_learnt_is_written_down_and_all_is_found_again() -> None:
    """2.5: stable storage preserves what acceptors must remember; the rest follows from a quorum."""
    node = leader()
    node.ask(1, write(1))
    node.hear("n2", voted(node, 1))
    node.restart()
    assert known(node) == []
    elect(node)
    node.hear("n2", voted(node, 1))
    assert paxos(node).site.learner.store.values == {"k": 1}
