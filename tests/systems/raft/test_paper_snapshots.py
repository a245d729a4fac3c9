"""One test per rule of log compaction: the Raft paper, section 7; Ongaro's thesis, section 5."""

from __future__ import annotations

import pytest

from systems import kv
from systems.core import Compact, Effect, Send
from systems.raft.core import RaftCore
from systems.raft.followers import PART_BYTES
from systems.raft.messages import (
    Append,
    AppendEntries,
    AppendReply,
    Entry,
    HardState,
    InstallSnapshot,
    Members,
    Noop,
    Register,
    Snapshot,
    SnapshotReply,
    Vote,
)
from systems.raft.sessions import Machine
from tests.systems.lone_node import LoneNode, place, sent
from tests.systems.raft.nodes import leader, node_with, raft, stored, write

EVERY_3 = {"snapshot_every": "3"}


def state(*pairs: tuple[str, kv.Value]) -> bytes:
    machine = Machine()
    machine.apply(1, Register())
    for sequence, (key, value) in enumerate(pairs, 1):
        machine.apply(1 + sequence, write(1, sequence, value))
        machine.store.apply(kv.Write(key, value))
    return machine.dump()


def install(term: int, index: int, data: bytes, last_term: int = 1) -> InstallSnapshot:
    return InstallSnapshot(term, index, last_term, ("n1", "n2", "n3"), len(data), 0, data, 0, 0)


def compaction(effects: list[Effect]) -> tuple[object, ...]:
    return next(e.records for e in effects if isinstance(e, Compact))


def fed(options: dict[str, str] = EVERY_3) -> LoneNode:
    """A follower that has applied three of four entries."""
    node = LoneNode(RaftCore, options=options)
    entries = (Entry(1, Register()), Entry(1, write(1, 1, 3)), Entry(1, write(1, 2, 4)), Entry(1, Noop()))
    node.hear("n2", AppendEntries(1, 0, 0, entries, 3, 0))
    return node


def test_what_was_applied_becomes_a_snapshot_and_the_rest_stays() -> None:
    """Section 7: the state up to the last applied entry is written, and the log up to it is discarded."""
    node = fed()
    log = raft(node).replica.log
    assert (log.base_index, log.last_index, log.term_at(3)) == (3, 4, 1)
    hard, snapshot, rest = node.records
    assert (hard, rest) == (HardState(1, None), Append(4, (Entry(1, Noop()),)))
    assert isinstance(snapshot, Snapshot)
    assert (snapshot.index, snapshot.term) == (3, 1)


def test_none_is_made_where_none_is_wanted() -> None:
    """Option snapshot_every=0."""
    assert raft(fed({"snapshot_every": "0"})).replica.log.base_index == 0


def test_a_restart_goes_on_from_the_snapshot() -> None:
    """Thesis 5: state, sessions (6.3) and configuration come back; a repeat is still known as one."""
    node = fed()
    node.restart()
    replica = raft(node).replica
    assert (replica.commit, replica.log.last_index, replica.term) == (3, 4, 1)
    assert replica.machine.store.values == {"k": 4}
    again = Entry(1, write(1, 2, 4))
    node.hear("n2", AppendEntries(1, 4, 1, (Entry(1, write(1, 3, 5)), again), 6, 0))
    assert replica.machine.store.values == {"k": 5}


def test_the_configuration_belongs_to_the_snapshot() -> None:
    """Thesis 5.1: the latest configuration in the part that is discarded must be kept."""
    node = LoneNode(RaftCore, options=EVERY_3)
    smaller, other = Members(("n1", "n2")), Members(("n1", "n2", "n3"))
    entries = (Entry(1, Noop()), Entry(1, smaller), Entry(1, Noop()), Entry(1, other))
    node.hear("n2", AppendEntries(1, 0, 0, entries, 3, 0))
    assert node.records[1].members == ("n1", "n2")
    assert raft(node).replica.members.current == ("n1", "n2", "n3")
    node.restart()
    assert raft(node).replica.members.current == ("n1", "n2", "n3")


def test_the_consistency_check_knows_the_last_term() -> None:
    """Section 7: index and term of the last entry are kept for the check of the first entry behind."""
    node = fed()
    node.hear("n2", AppendEntries(1, 4, 1, (), 4, 0))
    (reply,) = sent(node.hear("n2", AppendEntries(2, 3, 1, (Entry(2, Noop()),), 3, 0)))
    assert reply == AppendReply(2, True, 4, 0, 0)


def test_the_last_term_counts_for_votes() -> None:
    """5.4.1 with section 7: a log that is nothing but a snapshot ends with the snapshot's term."""
    node = node_with([], 3)
    node.records = [HardState(3, None), Snapshot(9, 3, ("n1", "n2", "n3"), state())]
    node.restart()
    replies = [sent(node.hear("n2", Vote(4, last, term, True))) for last, term in ((99, 2), (8, 3), (9, 3))]
    assert [reply.granted for (reply,) in replies] == [False, False, True]


def test_a_late_message_about_what_is_covered_changes_nothing() -> None:
    """Section 7: entries that the snapshot covers are committed, so they agree with any leader's."""
    node = fed()
    for prev, count in ((0, 2), (1, 3), (2, 0)):
        entries = tuple(Entry(1, Noop()) for _ in range(count))
        (reply,) = sent(node.hear("n2", AppendEntries(1, prev, 1 if prev else 0, entries, 3, 0)))
        assert (reply.success, reply.index) == (True, prev + count)
    assert raft(node).replica.log.last_index == 4


def test_a_follower_that_lacks_discarded_entries_gets_the_snapshot() -> None:
    """Section 7, figure 13: the leader sends its snapshot when it has discarded the next entry to send."""
    node = leader([1, 1, 1, 1], 1, options=EVERY_3)
    node.hear("n2", stored(node, 5))
    assert raft(node).replica.log.base_index == 5
    (part,) = sent(node.hear("n3", AppendReply(2, False, 1, 0, 0)), "n3")
    assert isinstance(part, InstallSnapshot)
    assert (part.term, part.index, part.last_term, part.size) == (2, 5, 2, len(part.part))
    node.ask(1, Register())
    (rest,) = sent(node.hear("n3", stored(node, 5)), "n3")
    assert (rest.prev_index, rest.prev_term, len(rest.entries)) == (5, 2, 1)


def test_a_large_snapshot_travels_in_parts() -> None:
    """Figure 13: chunks, each after the answer to the one before; a lost one is sent again."""
    node = leader([1], 1, options={"snapshot_every": "2"})
    raft(node).replica.machine.store.apply(kv.Write("big", "x" * (2 * PART_BYTES)))
    node.hear("n2", stored(node, 2))
    (part,) = sent(node.hear("n3", AppendReply(2, False, 1, 0, 0)), "n3")
    follower, got = LoneNode(RaftCore, "n3"), [part]
    for _ in range(2):
        (reply,) = sent(follower.hear("n1", part))
        assert isinstance(reply, SnapshotReply)
        (part,) = sent(node.hear("n3", reply), "n3")
        assert sent(follower.hear("n1", got[-1])) == [reply], "a double is not added"
        got.append(part)
    assert [len(p.part) <= PART_BYTES for p in got] == [True] * 3
    (done,) = sent(follower.hear("n1", part))
    assert (done.success, done.index) == (True, 2)
    assert raft(follower).replica.machine.store.values["big"] == "x" * (2 * PART_BYTES)


@pytest.mark.parametrize(("terms", "kept"), [([1, 1, 1, 2], 1), ([1, 1, 2, 2], 0), ([1], 0)])
def test_entries_behind_the_snapshot_are_kept_if_they_follow(terms: list[int], kept: int) -> None:
    """Figure 13, steps 6 and 7: retain what follows an entry with the snapshot's last index and term."""
    node = node_with(terms, 2)
    effects = node.hear("n2", install(2, 3, state(("k", 7))))
    for _ in range(2):
        log = raft(node).replica.log
        assert (log.base_index, log.last_index) == (3, 3 + kept)
        assert raft(node).replica.machine.store.values == {"k": 7}
        node.restart()
    assert place(effects, Compact) < place(effects, Send)
    assert compaction(effects)[0] == HardState(2, None)


def test_an_old_snapshot_is_acknowledged_and_changes_nothing() -> None:
    """Section 7: a snapshot that describes a prefix of the log, received by mistake or late."""
    node = fed()
    (reply,) = sent(node.hear("n2", install(1, 2, state(("k", 9)))))
    assert (reply.success, reply.index) == (True, 2)
    assert raft(node).replica.machine.store.values == {"k": 4}


def test_a_snapshot_of_an_old_term_is_refused() -> None:
    """Figure 13, step 1."""
    node = node_with([1], 3)
    (reply,) = sent(node.hear("n2", install(2, 3, state())))
    assert (reply.term, reply.success) == (3, False)
    assert raft(node).replica.log.base_index == 0
