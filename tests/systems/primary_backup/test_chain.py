"""Mode chain, rule by rule: sections of van Renesse and Schneider 2004, "Chain Replication"."""

from __future__ import annotations

from systems import kv
from systems.core import Effect, Persist, Send
from systems.primary_backup.chain_core import ChainCore
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.messages import (
    Arrived,
    Barrier,
    Bid,
    Configure,
    Confirm,
    Confirmed,
    Entry,
    Grant,
    Logged,
    Present,
    Promise,
    Replicate,
    Stored,
)
from tests.systems.lone_node import FIVE, THREE, LoneNode, answers, place, sent

Log = tuple[Entry, ...]
WRITE = kv.Write("k", 5)
BARRIER = Entry(1, Barrier())


def lone(name: str = "n1", members: tuple[str, ...] = THREE, log: Log = (), epoch: int = 0) -> LoneNode:
    node = LoneNode(PrimaryBackupCore, name, members, options={"mode": "chain"})
    if epoch:
        node.records += [Promise(epoch, None), Logged(0, log)]
        node.restart()
    return node


def inner(node: LoneNode) -> ChainCore:
    assert isinstance(node.core, PrimaryBackupCore)
    assert isinstance(node.core.inner, ChainCore)
    return node.core.inner


def head(members: tuple[str, ...] = THREE) -> LoneNode:
    """The head n1 of epoch 1, whose chain is all members."""
    node = lone("n1", members)
    node.fire("takeover")
    for peer in members[1:]:
        node.hear(peer, Grant(1, True))
    assert inner(node).chain == members
    return node


def serving_head(members: tuple[str, ...] = THREE) -> LoneNode:
    """One whose barrier is at the tail, and who heard everyone since the last watch."""
    node = head(members)
    node.hear(members[1], Stored(1, True, 1, 0))
    node.hear(members[-1], Arrived(1, 1))
    node.fire("watch")
    present(node, *members[1:])
    return node


def present(node: LoneNode, *peers: str, length: int = 1, epoch: int = 1) -> None:
    for peer in peers:
        node.hear(peer, Present(epoch, length))


def member(name: str, log: Log = (BARRIER,), chain: tuple[str, ...] = THREE) -> LoneNode:
    """A node with its place in the chain of epoch 1 that n1 heads."""
    node = lone(name)
    node.hear("n1", Configure(1, chain))
    before = chain[chain.index(name) - 1]
    if log:
        node.hear(before, Replicate(1, 0, 0, log, 0, 0))
    return node


def sends(effects: list[Effect]) -> list[tuple[str, object]]:
    return [(e.to, e.message) for e in effects if isinstance(e, Send)]


def asked(effects: list[Effect]) -> int:
    """The round of the confirmation that is asked for."""
    (confirm,) = {m for m in sent(effects) if isinstance(m, Confirm)}
    return confirm.round


# Section 3: the protocol


def test_changes_enter_at_the_head_which_writes_them_down_and_hands_them_to_the_next_alone() -> None:
    """3: the head orders updates and forwards them over one link."""
    node = serving_head()
    effects = node.ask(1, WRITE)
    assert sends(effects) == [("n2", Replicate(1, 1, 1, (Entry(1, WRITE),), 1, 0))]
    assert place(effects, Persist) < place(effects, Send)


def test_others_name_the_head_for_changes_and_the_tail_for_reads() -> None:
    """3: updates go to the head, queries to the tail."""
    for name, reads in (("n1", "n3"), ("n2", "n3")):
        node = serving_head() if name == "n1" else member(name)
        assert answers(node.ask(1, kv.Read("k"))) == {1: kv.NotLeader(reads)}
    assert answers(member("n2").ask(1, WRITE)) == {1: kv.NotLeader("n1")}
    assert answers(member("n3").ask(1, WRITE)) == {1: kv.NotLeader("n1")}


def test_a_change_is_answered_when_it_is_at_the_tail_and_not_before() -> None:
    """3: the reply is generated once the tail has the update."""
    node = serving_head()
    node.ask(1, WRITE)
    assert answers(node.hear("n2", Stored(1, True, 2, 0))) == {}
    node.ask(2, kv.Cas("k", 5, 6))
    assert answers(node.hear("n3", Arrived(1, 2))) == {1: kv.Ok()}
    assert answers(node.hear("n3", Arrived(1, 3))) == {2: kv.Ok(True)}


def test_a_node_within_hands_on_what_it_wrote_down_and_commits_nothing() -> None:
    """3.1: the update propagation invariant."""
    node = member("n2")
    effects = node.hear("n1", Replicate(1, 1, 1, (Entry(1, WRITE),), 0, 0))
    assert ("n1", Stored(1, True, 2, 0)) in sends(effects)
    assert place(effects, Persist) < place(effects, Send)
    effects = node.hear("n3", Stored(1, True, 1, 0))
    assert sends(effects) == [("n3", Replicate(1, 1, 1, (Entry(1, WRITE),), 0, 0))]
    assert inner(node).replica.committed == 0


def test_nothing_is_handed_on_before_the_barrier() -> None:
    """3.1: what is behind the agreed part of a log may not be the head's."""
    old = (Entry(1, kv.Write("k", 1)), Entry(2, kv.Write("k", 2)))
    node = lone("n2", log=old, epoch=2)
    assert sends(node.hear("n1", Configure(3, THREE))) == [("n1", Present(3, 0))]
    effects = node.hear("n1", Replicate(3, 0, 0, old[:1], 0, 0))
    assert sends(effects) == [("n1", Stored(3, True, 1, 0))]
    effects = node.hear("n1", Replicate(3, 1, 1, (Entry(3, Barrier()),), 0, 0))
    assert [m for to, m in sends(effects) if to == "n3"] == [Replicate(3, 1, 1, (Entry(3, Barrier()),), 0, 0)]


def test_the_tail_commits_what_it_has_and_tells_the_head_each_time_it_hears() -> None:
    """3: what the tail has, all have."""
    node = member("n3")
    effects = node.hear("n2", Replicate(1, 1, 1, (Entry(1, WRITE),), 0, 0))
    assert place(effects, Persist) < place(effects, Send)
    assert ("n1", Arrived(1, 2)) in sends(effects)
    again = node.hear("n2", Replicate(1, 2, 1, (), 0, 0))
    assert ("n1", Arrived(1, 2)) in sends(again), "the first may have been lost"


def test_a_tail_that_restarted_knows_from_its_log_what_is_committed() -> None:
    """3: an early message that comes twice must not make it forget the rest."""
    node = member("n3", (BARRIER, Entry(1, WRITE)))
    node.restart()
    node.hear("n1", Configure(1, THREE))
    node.hear("n2", Replicate(1, 0, 0, (BARRIER,), 0, 0))
    number = asked(node.ask(1, kv.Read("k")))
    assert answers(node.hear("n1", Confirmed(1, number))) == {1: kv.Ok(5)}


# Reads


def test_the_tail_answers_reads_that_a_majority_confirmed_after_they_came() -> None:
    """3.2: a tail may have been dropped without having heard of it."""
    node = member("n3", (BARRIER, Entry(1, WRITE)))
    effects = node.ask(1, kv.Read("k"))
    number = asked(effects)
    assert answers(effects) == {}
    assert answers(node.hear("n1", Confirmed(1, number - 1))) == {}
    assert sent(node.ask(2, kv.Read("k"))) == [], "it shares the next round"
    effects = node.hear("n2", Confirmed(1, number))
    assert answers(effects) == {1: kv.Ok(5)}
    assert answers(node.hear("n1", Confirmed(1, asked(effects)))) == {2: kv.Ok(5)}


def test_who_left_the_epoch_confirms_nothing_and_the_tail_learns_of_it() -> None:
    """3.2: the old tail is fenced."""
    tail, voter = member("n3"), lone("n2", epoch=4)
    (confirm,) = sent(tail.ask(1, kv.Read("k")), "n2")
    (refusal,) = sent(voter.hear("n3", confirm))
    assert refusal.epoch == 4
    assert answers(tail.hear("n2", refusal)) == {1: kv.NotLeader()}
    assert answers(tail.ask(2, kv.Read("k"))) == {2: kv.NotLeader()}


def test_confirmations_of_an_earlier_incarnation_count_for_nothing() -> None:
    """A tail that restarts in its epoch begins its rounds anew, under numbers never used."""
    node = member("n3")
    old = asked(node.ask(1, kv.Read("k")))
    node.restart()
    node.hear("n1", Configure(1, THREE))
    new = asked(node.ask(2, kv.Read("k")))
    assert new > old
    assert answers(node.hear("n2", Confirmed(1, old))) == {}
    assert answers(node.hear("n2", Confirmed(1, new))) == {2: kv.Ok()}


def test_a_lost_round_is_asked_for_again_with_the_next_heartbeat() -> None:
    node = member("n3")
    number = asked(node.ask(1, kv.Read("k")))
    assert asked(node.hear("n1", Configure(1, THREE))) == number


def test_a_new_tail_answers_nothing_before_the_barrier() -> None:
    """3.2, extending a chain: it first needs what its predecessors have."""
    node = lone("n3", log=(BARRIER, Entry(1, WRITE)), epoch=1)
    node.hear("n1", Configure(2, THREE))
    assert sent(node.ask(1, kv.Read("k"))) == []
    effects = node.hear("n2", Replicate(2, 2, 1, (Entry(2, Barrier()),), 0, 0))
    assert answers(node.hear("n2", Confirmed(2, asked(effects)))) == {1: kv.Ok(5)}


# Section 3.2: failures, each of them a new epoch


def test_the_chain_is_of_those_who_granted_and_is_proposed_once() -> None:
    """3.2: the master decides who is in the chain."""
    node = lone("n1", FIVE)
    node.fire("takeover")
    node.hear("n4", Grant(1, True))
    assert sent(node.hear("n2", Grant(1, True))) == [], "others may answer yet"
    assert {m for m in sent(node.fire("heartbeat")) if isinstance(m, Configure)} == {
        Configure(1, ("n1", "n2", "n4"))
    }
    node.hear("n3", Grant(1, True))
    assert inner(node).chain == ("n1", "n2", "n4")


def test_failure_of_the_tail_makes_its_predecessor_the_tail_and_answers_what_was_open() -> None:
    """3.2, failure of the tail."""
    node = serving_head()
    node.ask(1, WRITE)
    node.hear("n2", Stored(1, True, 2, 0))
    node.fire("watch")
    present(node, "n2", length=2)
    assert sent(node.fire("watch")) == [Bid(2, 1, 2)] * 2
    effects = node.hear("n2", Grant(2, True))
    assert inner(node).chain == ("n1", "n2")
    assert Configure(2, ("n1", "n2")) in sent(effects, "n3"), "whoever is left out is told too"
    assert answers(node.hear("n2", Arrived(2, 3))) == {1: kv.Ok()}


def test_failure_within_the_chain_links_its_neighbours() -> None:
    """3.2, failure of other servers."""
    node = serving_head()
    node.fire("watch")
    present(node, "n3")
    node.fire("watch")
    effects = node.hear("n3", Grant(2, True))
    assert inner(node).chain == ("n1", "n3")
    assert [m for m in sent(effects, "n3") if isinstance(m, Replicate)] == [
        Replicate(2, 1, 1, (Entry(2, Barrier()),), 1, 0)
    ]


def test_a_broken_link_is_found_by_what_does_not_arrive() -> None:
    """3.2: n3 is heard, but what is written does not come to it."""
    node = serving_head()
    node.ask(1, WRITE)
    node.fire("watch")
    present(node, "n2", length=2)
    present(node, "n3", length=1)
    assert sent(node.fire("watch")) == [Bid(2, 1, 2)] * 2
    node.hear("n3", Grant(2, True))
    node.hear("n2", Grant(2, True))
    assert inner(node).chain == ("n1", "n2")


def test_failure_of_the_head_ends_its_rule() -> None:
    """3.2, failure of the head: another rules, and what it had not answered is uncertain."""
    node = serving_head()
    node.ask(1, WRITE)
    effects = node.hear("n2", Present(2, 0))
    assert isinstance(answers(effects)[1], kv.Uncertain)
    assert inner(node).role == "backup"
    assert answers(node.ask(2, WRITE)) == {2: kv.NotLeader()}


def test_a_chain_is_never_shorter_than_a_majority() -> None:
    """Else a majority could be found that has nothing of what was answered."""
    node = serving_head(FIVE)
    node.ask(1, WRITE)
    for _ in range(3):
        node.fire("watch")
        present(node, "n2", "n3", length=1)
    assert inner(node).role == "candidate"
    node.hear("n2", Grant(2, True))
    node.hear("n4", Grant(2, True))
    node.fire("heartbeat")
    assert inner(node).chain == ("n1", "n2", "n4"), "n4 was silent, but is better than nobody"


def test_who_is_back_is_appended_after_a_while() -> None:
    """3.2, extending a chain: at its end, as the circle of members has it."""
    node = lone("n1")
    node.fire("takeover")
    node.hear("n2", Grant(1, True))
    node.fire("heartbeat")
    assert inner(node).chain == ("n1", "n2")
    node.hear("n2", Arrived(1, 1))
    watches = 0
    while inner(node).role == "primary":
        node.fire("watch")
        present(node, "n2", "n3")
        watches += 1
    assert watches > 3, "not at once"
    node.hear("n2", Grant(2, True))
    node.hear("n3", Grant(2, True))
    assert inner(node).chain == THREE


def test_a_head_without_a_majority_steps_down() -> None:
    node = serving_head()
    node.fire("watch")
    node.fire("watch")
    assert inner(node).role == "backup"


def test_a_head_may_bid_again_where_it_is_obeyed_and_others_may_not() -> None:
    node = member("n2")
    assert sent(node.hear("n3", Bid(2, 1, 1))) == []
    assert sent(node.hear("n1", Bid(2, 1, 1))) == [Grant(2, True)]


def test_an_old_head_is_refused() -> None:
    node = lone("n3", epoch=4)
    assert sent(node.hear("n1", Configure(1, THREE))) == [Present(4, 0)]
    assert sent(node.hear("n2", Replicate(1, 0, 0, (BARRIER,), 0, 0))) == [Stored(4, False, 0, 0)]
    assert inner(node).chain == ()
    assert inner(node).replica.log == []


def test_what_arrives_from_an_earlier_epoch_does_not_count() -> None:
    node = serving_head()
    node.ask(1, WRITE)
    node.fire("watch")
    present(node, "n2", length=2)
    node.fire("watch")
    node.hear("n2", Grant(2, True))
    assert node.hear("n2", Stored(1, True, 2, 0)) == []
    assert node.hear("n3", Arrived(1, 2)) == []
    assert answers(node.hear("n2", Arrived(2, 3))) == {1: kv.Ok()}


def test_a_cluster_of_one_is_head_and_tail() -> None:
    node = lone("n1", ("n1",))
    node.fire("takeover")
    assert answers(node.ask(1, WRITE)) == {1: kv.Ok()}
    assert answers(node.ask(2, kv.Read("k"))) == {2: kv.Ok(5)}
