"""One test per rule of the Raft paper: client interaction, reads and pipelining.

After etcd-io/raft's `raft_paper_test.go`. The section (Ongaro & Ousterhout 2014) stands in each docstring;
"thesis" is Ongaro's (2014).
"""

from __future__ import annotations

from systems import kv
from systems.raft.core import RaftCore
from systems.raft.messages import (
    AppendEntries,
    AppendReply,
    Query,
    Register,
)
from tests.systems.lone_node import LoneNode, answers, sent
from tests.systems.raft.nodes import leader, settled_leader, stored


def test_a_committed_command_is_answered_once() -> None:
    """5.3: when the entry has been safely replicated, the leader applies it and returns the result."""
    node = settled_leader()
    node.ask(5, Register())
    assert answers(node.hear("n2", stored(node, 2))) == {5: kv.Ok(2)}
    assert answers(node.hear("n3", stored(node, 2))) == {}


def test_reads_wait_for_the_no_op_and_for_a_majority() -> None:
    """Section 8, thesis 6.4: a leader exchanges heartbeats with a majority before it answers a read."""
    node = leader()
    assert sent(node.ask(1, Query(kv.Read("k")))) == []
    asked = sent(node.hear("n2", stored(node, 1)), "n3")
    assert asked[-1].round == 1
    assert answers(node.hear("n3", stored(node, 1, 0))) == {}, (
        "this answer is to a message from before the read"
    )
    assert answers(node.hear("n3", stored(node, 1, 1))) == {1: kv.Ok(None)}


def test_reads_share_rounds() -> None:
    """Thesis 6.4: to reduce its cost, one round of heartbeats may serve any number of reads."""
    node = settled_leader()
    first = sent(node.ask(1, Query(kv.Read("k"))), "n2")
    assert [m.round for m in first] == [1]
    assert [m for i in (2, 3, 4) for m in sent(node.ask(i, Query(kv.Read("k"))))] == []
    effects = node.hear("n2", stored(node, 1, 1))
    assert list(answers(effects)) == [1], "the others came after the round had begun"
    assert [m.round for m in sent(effects, "n3")] == [2]
    assert list(answers(node.hear("n2", stored(node, 1, 2)))) == [2, 3, 4]


def test_a_follower_answers_clients_at_once() -> None:
    """Section 8: a server that is not the leader rejects the request and names the leader it heard from
    last.
    """
    node = LoneNode(RaftCore)
    node.hear("n2", AppendEntries(1, 0, 0, (), 0, 0))
    assert answers(node.ask(1, Register())) == {1: kv.NotLeader("n2")}
    assert answers(node.ask(2, Query(kv.Read("k")))) == {2: kv.NotLeader("n2")}


def test_a_burst_travels_together() -> None:
    """Thesis 10.2: batching and pipelining; a follower has few messages under way, and the next takes all
    the rest.
    """
    node = settled_leader()
    under_way = sum(len(sent(node.ask(i, Register()), "n2")) for i in range(50))
    assert 1 <= under_way <= 3
    (rest,) = sent(node.hear("n2", stored(node, 2)), "n2")
    assert len(rest.entries) == 50 - under_way


def test_a_silent_follower_gets_empty_messages_until_it_answers() -> None:
    """Thesis 10.2.1: while a follower does not answer, the leader probes; lost entries are sent again
    afterwards.
    """
    node = settled_leader()
    node.ask(1, Register())
    node.fire("heartbeat")
    probe = sent(node.fire("heartbeat"), "n3")
    assert [m.entries for m in probe] == [()]
    assert sent(node.ask(2, Register()), "n3") == []
    (again,) = sent(node.hear("n3", AppendReply(1, False, 1, 0, 0)), "n3")
    assert len(again.entries) == 3
