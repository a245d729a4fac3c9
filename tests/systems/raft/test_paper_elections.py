"""One test per rule of the Raft paper: terms and elections.

After etcd-io/raft's `raft_paper_test.go`. The section (Ongaro & Ousterhout 2014) stands in each docstring;
"thesis" is Ongaro's (2014).
"""

from __future__ import annotations

import pytest

from systems import kv
from systems.core import MILLISECOND_NS, Persist, Send
from systems.raft.core import RaftCore
from systems.raft.messages import (
    AppendEntries,
    Entry,
    HardState,
    Noop,
    Query,
    Register,
    Vote,
    VoteReply,
)
from tests.systems.lone_node import FIVE, THREE, LoneNode, answers, place, sent, timer
from tests.systems.raft.nodes import leader, node_with, raft, settled_leader


@pytest.mark.parametrize("role", ["follower", "candidate", "leader"])
def test_a_higher_term_is_adopted(role: str) -> None:
    """5.1: if one server's current term is smaller than the other's, it updates; a stale leader or
    candidate follows.
    """
    node = leader() if role == "leader" else LoneNode(RaftCore)
    if role == "candidate":
        node.fire("election")
    node.hear("n2", AppendEntries(7, 0, 0, (), 0, 0))
    assert (raft(node).replica.term, raft(node).role, raft(node).leader) == (7, "follower", "n2")
    assert HardState(7, None) in node.records


def test_a_stale_term_is_rejected_and_told_the_new_one() -> None:
    """5.1: a request with a stale term number is rejected."""
    node = node_with([1], 3)
    (reply,) = sent(node.hear("n2", AppendEntries(2, 1, 1, (Entry(2, Noop()),), 1, 0)))
    assert (reply.term, reply.success) == (3, False)
    assert raft(node).replica.log.last_index == 1


def test_servers_start_as_followers() -> None:
    """5.2: when servers start up, they begin as followers."""
    assert raft(LoneNode(RaftCore)).role == "follower"


def test_a_leader_sends_heartbeats_to_all() -> None:
    """5.2: leaders send periodic heartbeats to all followers."""
    node = settled_leader()
    effects = node.fire("heartbeat")
    assert {e.to for e in effects if isinstance(e, Send)} == {"n2", "n3"}
    again = timer(effects, "heartbeat")
    assert again is not None
    assert again.high_ns == 80 * MILLISECOND_NS


def test_a_candidate_increments_its_term_votes_for_itself_and_asks_all() -> None:
    """5.2: to begin an election; here after the pre-vote of thesis 9.6, which changes no term."""
    node = LoneNode(RaftCore)
    asked = sent(node.fire("election"))
    assert asked == [Vote(1, 0, 0, True)] * 2
    assert raft(node).replica.term == 0
    effects = node.hear("n3", VoteReply(1, True, True))
    assert sent(effects) == [Vote(1, 0, 0, False)] * 2
    assert node.records == [HardState(1, "n1")]
    assert place(effects, Persist) < place(effects, Send)


@pytest.mark.parametrize(
    ("size", "votes", "wins"), [(3, 0, False), (3, 1, True), (5, 1, False), (5, 2, True)]
)
def test_a_majority_elects(size: int, votes: int, wins: bool) -> None:
    """5.2: a candidate wins if it receives votes from a majority of the full cluster."""
    node = LoneNode(RaftCore, members=FIVE[:size])
    node.fire("election")
    for peer in FIVE[1:size]:
        node.hear(peer, VoteReply(1, True, True))
    for peer in FIVE[1 : 1 + votes]:
        node.hear(peer, VoteReply(1, True, False))
    assert (raft(node).role == "leader") == wins


def test_a_vote_counts_once() -> None:
    """5.2: each server votes for at most one candidate; a doubled message is no second vote."""
    node = LoneNode(RaftCore, members=FIVE)
    node.fire("election")
    for _ in range(4):
        node.hear("n2", VoteReply(1, True, True))
    assert raft(node).replica.term == 0


def test_one_vote_per_term_first_come_first_served() -> None:
    """5.2: each server will vote for at most one candidate in a given term."""
    node = LoneNode(RaftCore)
    assert sent(node.hear("n2", Vote(1, 0, 0, False))) == [VoteReply(1, True, False)]
    assert sent(node.hear("n3", Vote(1, 0, 0, False))) == [VoteReply(1, False, False)]
    assert sent(node.hear("n2", Vote(1, 0, 0, False))) == [VoteReply(1, True, False)]


def test_a_vote_survives_a_crash() -> None:
    """Figure 2: votedFor is updated on stable storage before responding."""
    node = LoneNode(RaftCore)
    effects = node.hear("n2", Vote(1, 0, 0, False))
    assert place(effects, Persist) < place(effects, Send)
    node.restart()
    assert sent(node.hear("n3", Vote(1, 0, 0, False))) == [VoteReply(1, False, False)]


def test_a_candidate_yields_to_a_leader_of_its_term() -> None:
    """5.2: AppendEntries from a leader whose term is at least as large makes a candidate a follower."""
    node = LoneNode(RaftCore)
    node.fire("election")
    node.hear("n2", VoteReply(1, True, True))
    node.hear("n3", AppendEntries(1, 0, 0, (), 0, 0))
    assert (raft(node).role, raft(node).leader, raft(node).replica.term) == ("follower", "n3", 1)


def test_election_timeouts_are_random_between_t_and_2t() -> None:
    """5.2: election timeouts are chosen randomly from a fixed interval, here [T, 2T]."""
    node = LoneNode(RaftCore, options={"election_ms": "300"})
    first = timer(node.all, "election")
    assert first is not None
    assert (first.low_ns, first.high_ns) == (300 * MILLISECOND_NS, 600 * MILLISECOND_NS)
    heard = timer(node.hear("n2", AppendEntries(1, 0, 0, (), 0, 0)), "election")
    then = timer(node.fire("election"), "election")
    assert heard is not None
    assert then is not None
    assert (heard.low_ns + then.low_ns, heard.high_ns + then.high_ns) == (first.low_ns, first.high_ns)


def test_priority_makes_a_node_time_out_sooner() -> None:
    """Option `priority`: the ranges of different priorities do not overlap, the highest comes first."""
    ranges = []
    for name in THREE:
        node = LoneNode(RaftCore, name, options={"priority": "n1=1,n2=7"})
        setting = timer(node.all, "election")
        assert setting is not None
        ranges.append((setting.low_ns, setting.high_ns))
    assert ranges[1][1] <= ranges[0][0]
    assert ranges[0][1] <= ranges[2][0]


@pytest.mark.parametrize(
    ("last_term", "last_index", "granted"),
    [(2, 2, True), (2, 3, True), (3, 1, True), (2, 1, False), (1, 9, False)],
)
@pytest.mark.parametrize("pre", [True, False])
def test_a_voter_refuses_an_older_log(last_term: int, last_index: int, granted: bool, pre: bool) -> None:
    """5.4.1: the voter denies its vote if its own log is more up-to-date than that of the candidate."""
    node = node_with([1, 2], 2)
    (reply,) = sent(node.hear("n2", Vote(3, last_index, last_term, pre)))
    assert reply.granted == granted


def test_a_leader_without_a_majority_steps_down() -> None:
    """Thesis 6.2: a leader steps down if an election timeout elapses without heartbeats to a majority."""
    node = settled_leader()
    node.ask(1, Register())
    node.ask(2, Query(kv.Read("k")))
    node.fire("quorum")
    effects = node.fire("quorum")
    assert raft(node).role == "follower"
    assert isinstance(answers(effects)[1], kv.Uncertain)
    assert answers(effects)[2] == kv.NotLeader(None)


@pytest.mark.parametrize("pre", [True, False])
def test_who_hears_a_leader_ignores_candidates(pre: bool) -> None:
    """Thesis 4.2.3, 9.6: no vote, and no new term, within the minimum election timeout of hearing from a
    leader.
    """
    node = LoneNode(RaftCore)
    node.hear("n2", AppendEntries(1, 0, 0, (), 0, 0))
    assert [m for m in sent(node.hear("n3", Vote(5, 9, 4, pre))) if m.granted] == []
    assert raft(node).replica.term == 1
    node.fire("election")
    assert [m.granted for m in sent(node.hear("n3", Vote(5, 9, 4, pre)))] == [True]


def test_a_cluster_of_one_leads_itself() -> None:
    """5.2: a majority of one is one."""
    node = LoneNode(RaftCore, members=("n1",))
    node.fire("election")
    assert answers(node.ask(1, Register())) == {1: kv.Ok(2)}
    assert answers(node.ask(2, Query(kv.Read("k")))) == {2: kv.Ok(None)}
