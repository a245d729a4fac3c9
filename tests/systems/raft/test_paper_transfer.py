"""One test per rule of leadership transfer (Ongaro's thesis, 3.10) and of leases for reads (6.4.1)."""

from __future__ import annotations

from systems import kv
from systems.core import MILLISECOND_NS
from systems.raft.core import RaftCore
from systems.raft.messages import (
    AppendEntries,
    Query,
    Register,
    TimeoutNow,
    Transfer,
    Vote,
    VoteReply,
)
from tests.systems.lone_node import FIVE, LoneNode, answers, sent, timer
from tests.systems.raft.nodes import leader, raft, settled_leader, stored

LEASE = {"reads": "lease", "election_ms": "100", "heartbeat_ms": "30"}
READ = Query(kv.Read("k"))
MS = MILLISECOND_NS


def test_the_target_is_told_once_it_has_the_whole_log() -> None:
    """3.10, steps 1 to 3: no new commands, the target's log is completed, TimeoutNow."""
    node = settled_leader()
    node.ask(1, Register())
    assert TimeoutNow(1) not in sent(node.ask(2, Transfer("n2")))
    assert answers(node.ask(3, Register())) == {3: kv.NotLeader("n2")}
    assert TimeoutNow(1) in sent(node.hear("n2", stored(node, 2)), "n2")
    assert TimeoutNow(1) in sent(node.fire("heartbeat"), "n2"), "it may have been lost"


def test_the_target_stands_for_election_at_once() -> None:
    """3.10, step 4: as if its timeout had elapsed; others listen although they hear the leader."""
    node = LoneNode(RaftCore)
    node.hear("n2", AppendEntries(1, 0, 0, (), 0, 0))
    asked = sent(node.hear("n2", TimeoutNow(1)))
    assert asked == [Vote(2, 0, 0, False, True)] * 2
    other = LoneNode(RaftCore, "n3", options=LEASE)
    other.hear("n2", AppendEntries(1, 0, 0, (), 0, 0))
    assert sent(other.hear("n1", asked[0])) == [VoteReply(2, True, False)]


def test_only_the_leader_of_the_term_can_ask_for_that() -> None:
    """3.10: a late TimeoutNow of an old term, or of who does not lead, elects nobody."""
    node = LoneNode(RaftCore)
    node.hear("n2", AppendEntries(2, 0, 0, (), 0, 0))
    assert sent(node.hear("n2", TimeoutNow(1))) == sent(node.hear("n3", TimeoutNow(2))) == []


def test_a_transfer_is_over_when_the_leader_steps_down() -> None:
    """3.10: the forced vote of the new term makes the leader a follower."""
    node = settled_leader()
    node.ask(1, Transfer("n2"))
    effects = node.hear("n2", Vote(2, 1, 1, False, True))
    assert answers(effects) == {1: kv.Ok("n2")}
    assert raft(node).role == "follower"


def test_without_a_target_it_is_who_has_most() -> None:
    """3.10: the leader may choose."""
    node = leader(members=FIVE)
    node.hear("n4", stored(node, 1))
    assert TimeoutNow(1) in sent(node.ask(1, Transfer()), "n4")


def test_a_transfer_is_given_up_after_an_election_timeout() -> None:
    """3.10: the leader resumes client requests then."""
    node = leader()
    effects = node.ask(1, Transfer("n2"))
    limit = timer(effects, "transfer")
    assert limit is not None
    assert limit.high_ns == 500 * MS
    assert isinstance(answers(node.fire("transfer"))[1], kv.Refused)
    assert answers(node.ask(2, Register())) == {}


def leased() -> LoneNode:
    """A leader to whom n2 has answered a message that was sent at 10 ms."""
    node = settled_leader(options=LEASE)
    node.now_ns = 12 * MS
    node.hear("n2", stored(node, 1, 0, 10 * MS))
    return node


def test_a_leader_with_a_lease_answers_at_once() -> None:
    """6.4.1: for an election timeout, less what clocks may drift, from the sending of a confirmed round."""
    node = leased()
    node.now_ns = 100 * MS - 1
    assert answers(node.ask(1, READ)) == {1: kv.Ok(None)}
    node.now_ns = 100 * MS
    assert answers(node.ask(2, READ)) == {}, "10 ms + 100 ms - 10 %"
    (reply,) = answers(node.hear("n2", stored(node, 1, 1, 100 * MS))).values()
    assert reply == kv.Ok(None)


def test_one_answer_of_five_is_no_lease() -> None:
    """6.4.1: a majority has to have answered."""
    node = settled_leader(FIVE, LEASE)
    node.now_ns = 95 * MS
    node.hear("n2", stored(node, 1, 0, 94 * MS))
    assert answers(node.ask(1, READ)) == {}
    node.hear("n3", stored(node, 1, 0, 94 * MS))
    assert answers(node.ask(2, READ)) == {2: kv.Ok(None)}


def test_no_lease_before_an_entry_of_the_term_is_committed() -> None:
    """6.4, step 1: the leader may not know yet what is committed."""
    node = leader([1], 1, options=LEASE)
    node.hear("n2", stored(node, 1, 0, 0))
    assert answers(node.ask(1, READ)) == {}


def test_a_transfer_ends_the_lease_for_the_whole_term() -> None:
    """6.4.1: the election it brings about does not wait, and TimeoutNow may be late."""
    node = leased()
    node.ask(1, Transfer("n2"))
    assert answers(node.ask(2, READ)) == {}
    node.fire("transfer")
    assert 3 not in answers(node.ask(3, READ))


def test_messages_carry_and_answers_echo_when_they_were_sent() -> None:
    """6.4.1: the lease begins with the sending; the answer's arrival says nothing about when it was given."""
    node = leased()
    node.now_ns = 40 * MS
    assert {m.sent_ns for m in sent(node.fire("heartbeat"))} == {40 * MS}
    (reply,) = sent(LoneNode(RaftCore, "n2").hear("n1", AppendEntries(1, 0, 0, (), 0, 0, 40 * MS)))
    assert reply.sent_ns == 40 * MS


def test_a_restarted_node_votes_only_after_an_election_timeout() -> None:
    """6.4.1: it may have forgotten a promise to a leader."""
    node = LoneNode(RaftCore, options=LEASE)
    first = timer(node.all, "election")
    assert first is not None
    assert (first.low_ns, first.high_ns) == (100 * MS, 100 * MS)
    for pre in (True, False):
        assert [m for m in sent(node.hear("n3", Vote(1, 9, 4, pre))) if m.granted] == []
    node.fire("election")
    assert sent(node.hear("n3", Vote(1, 9, 4, False))) == [VoteReply(1, True, False)]


def test_a_promise_outlives_its_term() -> None:
    """6.4.1: hearing of a newer term frees nobody from the promise to a leader whose lease may still hold."""
    node = LoneNode(RaftCore, options=LEASE)
    node.fire("election")
    node.hear("n2", AppendEntries(1, 0, 0, (), 0, 0))
    node.hear("n3", VoteReply(2, False, False))
    assert raft(node).replica.term == 2
    assert sent(node.hear("n3", Vote(2, 9, 1, False))) == [VoteReply(2, False, False)]
    assert sent(node.hear("n3", Vote(3, 9, 1, False))) == []
