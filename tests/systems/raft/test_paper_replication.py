"""One test per rule of the Raft paper: log replication and commitment.

After etcd-io/raft's `raft_paper_test.go`. The section (Ongaro & Ousterhout 2014) stands in each docstring;
"thesis" is Ongaro's (2014).
"""

from __future__ import annotations

import pytest

from systems.core import Persist, Send
from systems.raft.core import RaftCore
from systems.raft.messages import (
    Append,
    AppendEntries,
    AppendReply,
    Entry,
    Noop,
    Register,
)
from tests.systems.lone_node import FIVE, THREE, LoneNode, answers, place, sent
from tests.systems.raft.nodes import leader, node_with, raft, settled_leader, stored, write


def test_a_leader_appends_then_replicates_in_parallel() -> None:
    """5.3: the leader appends the command to its log as a new entry, then issues AppendEntries to each
    server.
    """
    node = settled_leader()
    node.hear("n3", stored(node, 1))
    effects = node.ask(5, Register())
    assert node.records[-1] == Append(2, (Entry(1, Register()),))
    for peer in ("n2", "n3"):
        (message,) = sent(effects, peer)
        assert (message.prev_index, message.prev_term, message.entries) == (1, 1, (Entry(1, Register()),))
    assert place(effects, Persist) < place(effects, Send)
    assert answers(effects) == {}


@pytest.mark.parametrize(
    ("members", "acks", "commits"), [(THREE, 1, True), (FIVE, 1, False), (FIVE, 2, True)]
)
def test_an_entry_is_committed_when_a_majority_has_it(
    members: tuple[str, ...], acks: int, commits: bool
) -> None:
    """5.3: an entry is committed once the leader that created it has replicated it on a majority."""
    node = leader(members=members)
    for peer in members[1 : 1 + acks]:
        node.hear(peer, stored(node, 1))
    assert raft(node).replica.commit == int(commits)


def test_followers_learn_the_commit_index_and_apply_in_order() -> None:
    """5.3: once a follower learns that an entry is committed, it applies it, in log order."""
    node = LoneNode(RaftCore)
    entries = (Entry(1, Register()), Entry(1, write(1, 1, 3)), Entry(1, write(1, 2, 4)))
    node.hear("n2", AppendEntries(1, 0, 0, entries, 2, 0))
    assert raft(node).replica.machine.store.values == {"k": 3}
    node.hear("n2", AppendEntries(1, 3, 1, (), 3, 0))
    assert raft(node).replica.machine.store.values == {"k": 4}


def test_a_follower_commits_no_further_than_what_the_message_covers() -> None:
    """Figure 2, step 5: commitIndex = min(leaderCommit, index of last new entry); the rest may be another
    leader's.
    """
    node = node_with([1, 1, 1], 1)
    node.hear("n2", AppendEntries(2, 1, 1, (), 3, 0))
    assert raft(node).replica.commit == 1


@pytest.mark.parametrize(
    ("prev", "prev_term", "hint"),
    [(3, 2, AppendReply(2, False, 3, 0, 0)), (2, 2, AppendReply(2, False, 1, 1, 0))],
)
def test_the_consistency_check_refuses_with_a_hint(prev: int, prev_term: int, hint: AppendReply) -> None:
    """5.3: a follower refuses if it has no entry with prevLogIndex and prevLogTerm; the hint covers a whole
    term.
    """
    node = node_with([1, 1], 2)
    assert sent(node.hear("n2", AppendEntries(2, prev, prev_term, (), 0, 0))) == [hint]


@pytest.mark.parametrize(
    ("own", "prev", "new", "result"),
    [
        ([1, 2], 2, [3], [1, 2, 3]),
        ([1, 2], 1, [3, 4], [1, 3, 4]),
        ([1, 2], 0, [1], [1, 2]),
        ([1, 2, 2], 0, [3], [3]),
    ],
)
def test_conflicting_entries_are_replaced_and_no_others(
    own: list[int], prev: int, new: list[int], result: list[int]
) -> None:
    """5.3, figure 7: conflicting entries in follower logs are overwritten; a message that is late removes
    nothing.
    """
    node = node_with(own, 3)
    prev_term = own[prev - 1] if prev else 0
    message = AppendEntries(4, prev, prev_term, tuple(Entry(t, Noop()) for t in new), 0, 0)
    node.hear("n2", message)
    for _ in range(2):
        log = raft(node).replica.log
        assert [log.term_at(i + 1) for i in range(log.last_index)] == result
        node.restart()


def test_a_leader_backs_off_over_a_whole_term() -> None:
    """5.3: the leader decrements nextIndex, here by the conflicting term at once, and retries."""
    node = leader([1, 4, 4, 5], 5)
    refused = AppendReply(6, False, 2, 2, 0)  # the follower's entries from 2 on are of term 2
    (retry,) = sent(node.hear("n2", refused), "n2")
    assert (retry.prev_index, retry.prev_term) == (1, 1)
    assert [e.term for e in retry.entries] == [4, 4, 5, 6]


def test_a_late_refusal_never_undoes_what_matched() -> None:
    """5.3: matchIndex increases monotonically (figure 2)."""
    node = leader([1, 1], 1)
    node.hear("n2", stored(node, 3))
    assert sent(node.hear("n2", AppendReply(2, False, 1, 0, 0)), "n2") == []


def test_only_entries_of_the_own_term_are_committed_by_counting() -> None:
    """5.4.2, figure 8: entries of previous terms are committed only through one of the current term."""
    node = leader([1, 2], 2)
    node.hear("n2", stored(node, 2))
    assert raft(node).replica.commit == 0
    node.hear("n2", stored(node, 3))
    assert raft(node).replica.commit == 3


def test_a_leader_starts_its_term_with_a_no_op() -> None:
    """Section 8: a leader commits a blank no-op entry at the start of its term."""
    node = leader([1], 1)
    assert node.records[-1] == Append(2, (Entry(2, Noop()),))
