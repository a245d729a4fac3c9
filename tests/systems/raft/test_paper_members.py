"""One test per rule of membership changes, one server at a time: Ongaro's thesis, section 4."""

from __future__ import annotations

import pytest

from systems import kv
from systems.raft.messages import (
    AppendEntries,
    AppendReply,
    ChangeMembers,
    Entry,
    Members,
    Noop,
    TimeoutNow,
    Vote,
    VoteReply,
)
from tests.systems.lone_node import FIVE, LoneNode, answers, sent
from tests.systems.raft.nodes import elect, leader, node_with, raft, settled_leader, stored

REMOVE_3, ADD_3 = ChangeMembers("remove", "n3"), ChangeMembers("add", "n3")


def smaller() -> LoneNode:
    """The leader of a cluster of three, n3 having been taken out."""
    node = settled_leader()
    node.ask(1, REMOVE_3)
    node.hear("n2", stored(node, 2))
    return node


def test_a_configuration_counts_as_soon_as_it_stands_in_the_log() -> None:
    """4.1: a server uses the latest configuration in its log, committed or not."""
    node = settled_leader(FIVE)
    effects = node.ask(1, ChangeMembers("remove", "n5"))
    entry = Entry(1, Members(FIVE[:4]))
    assert raft(node).replica.members.current == FIVE[:4]
    assert entry in [e for m in sent(effects, "n2") for e in m.entries]
    node.hear("n2", stored(node, 2))
    node.hear("n5", stored(node, 2))
    assert raft(node).replica.commit == 1, "of four, three are needed, and n5 is none of them"
    assert answers(node.hear("n3", stored(node, 2))) == {1: kv.Ok(list(FIVE[:4]))}


def test_a_follower_that_loses_the_entry_goes_back_to_the_former_configuration() -> None:
    """4.1: if the entry is removed from the log, the configuration before it counts again."""
    node = node_with([1], 1)
    node.hear("n2", AppendEntries(1, 1, 1, (Entry(1, Members(("n1", "n2"))),), 0, 0))
    assert raft(node).replica.members.current == ("n1", "n2")
    node.hear("n3", AppendEntries(2, 1, 1, (Entry(2, Noop()),), 0, 0))
    assert raft(node).replica.members.current == ("n1", "n2", "n3")


def test_one_change_at_a_time() -> None:
    """4.1: a leader begins no change before the one before it is committed."""
    node = settled_leader(FIVE)
    node.ask(1, ChangeMembers("remove", "n5"))
    assert isinstance(answers(node.ask(2, ChangeMembers("remove", "n4")))[2], kv.Refused)
    for peer in ("n2", "n3"):
        node.hear(peer, stored(node, 2))
    assert answers(node.ask(3, ChangeMembers("remove", "n4"))) == {}
    assert raft(node).replica.members.current == FIVE[:3]


def test_no_change_before_an_entry_of_the_own_term_is_committed() -> None:
    """4.1 as corrected by its author in 2015: else two leaders may change away from each other."""
    node = leader([1], 1)
    assert isinstance(answers(node.ask(1, REMOVE_3))[1], kv.Refused)
    node.hear("n2", stored(node, 2))
    assert answers(node.ask(2, REMOVE_3)) == {}


def test_a_new_server_catches_up_before_it_has_a_vote() -> None:
    """4.2.1: it gets entries and counts for no majority until it has what is committed."""
    node = smaller()
    node.ask(2, ADD_3)
    asked = sent(node.fire("heartbeat"), "n3")
    assert [m.prev_index for m in asked] == [2]
    node.hear("n3", AppendReply(1, False, 1, 0, 0))
    node.hear("n3", stored(node, 1))
    assert raft(node).replica.members.current == ("n1", "n2")
    node.hear("n3", stored(node, 2))
    assert raft(node).replica.members.current == ("n1", "n2", "n3")
    assert answers(node.hear("n2", stored(node, 3))) == {2: kv.Ok(["n1", "n2", "n3"])}


def test_a_server_that_does_not_answer_is_not_added() -> None:
    """4.2.1: an unavailable server must not be added, it could cost availability."""
    node = smaller()
    node.ask(2, ADD_3)
    node.fire("quorum")
    node.hear("n2", stored(node, 2))
    assert isinstance(answers(node.fire("quorum"))[2], kv.Refused)
    assert raft(node).replica.members.current == ("n1", "n2")


def test_a_leader_that_removes_itself_leads_until_that_is_committed() -> None:
    """4.2.2: it does not count itself, and steps down after."""
    node = settled_leader()
    node.ask(1, ChangeMembers("remove", "n1"))
    node.hear("n2", stored(node, 2))
    assert raft(node).role == "leader"
    assert raft(node).replica.commit == 1, "of n2 and n3, one is no majority"
    effects = node.hear("n3", stored(node, 2))
    assert answers(effects) == {1: kv.Ok(["n2", "n3"])}
    assert raft(node).role == "follower"
    assert TimeoutNow(1) in sent(effects), "a successor need not wait"


def test_a_server_outside_stands_for_no_election_but_votes() -> None:
    """4.2.2: a server votes whether or not the candidate, or itself, is in its configuration."""
    node = node_with([1], 1)
    node.hear("n2", AppendEntries(1, 1, 1, (Entry(1, Members(("n2", "n3"))),), 2, 0))
    node.fire("election")
    assert sent(node.fire("election")) == []
    assert raft(node).role == "follower"
    assert sent(node.hear("n2", Vote(2, 2, 1, False))) == [VoteReply(2, True, False)]


def test_votes_are_counted_by_the_own_configuration() -> None:
    """4.1: majorities are those of the latest configuration in the candidate's log."""
    node = node_with([1], 1, FIVE)
    node.hear("n2", AppendEntries(1, 1, 1, (Entry(1, Members(FIVE[:3])),), 2, 0))
    node.fire("election")
    node.fire("election")
    for stranger in FIVE[3:]:
        node.hear(stranger, VoteReply(2, True, True))
    assert raft(node).replica.term == 1
    node.hear("n3", VoteReply(2, True, True))
    assert raft(node).replica.term == 2


def test_who_was_removed_is_told_and_then_left_alone() -> None:
    """4.2.3: once the change is committed the leader sends it nothing more."""
    node = settled_leader()
    node.ask(1, REMOVE_3)
    (last,) = sent(node.hear("n2", stored(node, 2)), "n3")
    assert last.commit == 2
    assert sent(node.fire("heartbeat"), "n3") == []
    assert node.hear("n3", AppendReply(1, True, 2, 0, 0)) == []


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (ADD_3, kv.Ok(["n1", "n2", "n3"])),
        (ChangeMembers("remove", "n9"), kv.Refused),
        (ChangeMembers("promote", "n3"), kv.Refused),
    ],
)
def test_what_cannot_be_or_is_so_already(change: ChangeMembers, answer: object) -> None:
    """What is so already is answered at once, so asking again is harmless; nonsense is refused."""
    node = settled_leader()
    (told,) = answers(node.ask(1, change)).values()
    assert type(told) is answer if isinstance(answer, type) else told == answer


def test_the_last_member_stays() -> None:
    """A cluster of nobody could never be changed again."""
    node = smaller()
    node.ask(5, ChangeMembers("remove", "n2"))
    node.hear("n2", stored(node, 3))
    assert raft(node).replica.members.current == ("n1",)
    assert isinstance(answers(node.ask(6, ChangeMembers("remove", "n1")))[6], kv.Refused)


def test_a_new_leader_goes_by_what_its_log_says() -> None:
    """4.1: the configuration outlives the leader that wrote it."""
    node = node_with([1], 1, FIVE)
    node.hear("n2", AppendEntries(1, 1, 1, (Entry(1, Members(FIVE[:4])),), 2, 0))
    node.fire("election")
    elect(node)
    effects = node.fire("heartbeat")
    assert sent(effects, "n2") != []
    assert sent(effects, "n5") == []
