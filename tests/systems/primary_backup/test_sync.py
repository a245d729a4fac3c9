"""Mode sync, rule by rule."""

from __future__ import annotations

import pytest

from systems import kv
from systems.core import Persist, Send
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.messages import (
    Barrier,
    Bid,
    Entry,
    Grant,
    Logged,
    Promise,
    Replicate,
    Stored,
)
from systems.primary_backup.sync_core import SyncCore
from tests.systems.lone_node import THREE, LoneNode, answers, place, sent, timer


def lone(name: str = "n1", log: tuple[int, ...] = (), epoch: int = 0) -> LoneNode:
    node = LoneNode(PrimaryBackupCore, name, options={"mode": "sync"})
    if epoch:
        node.records = [Promise(epoch, None), Logged(0, tuple(Entry(e, Barrier()) for e in log))]
        node.restart()
    return node


def inner(node: LoneNode) -> SyncCore:
    assert isinstance(node.core, PrimaryBackupCore)
    assert isinstance(node.core.inner, SyncCore)
    return node.core.inner


def primary(log: tuple[int, ...] = (), epoch: int = 0) -> LoneNode:
    node = lone(log=log, epoch=epoch)
    node.fire("takeover")
    node.hear("n2", Grant(epoch + 1, True))
    assert inner(node).role == "primary"
    return node


def stored(node: LoneNode, length: int, round_: int = 0) -> Stored:
    return Stored(inner(node).replica.epoch, True, length, round_)


def ready() -> LoneNode:
    """A primary whose barrier is committed."""
    node = primary()
    for peer in ("n2", "n3"):
        node.hear(peer, stored(node, 1))
    assert inner(node).replica.committed == 1
    return node


def test_an_unknown_mode_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="mode=async, sync or chain"):
        LoneNode(PrimaryBackupCore, options={"mode": "fast"})


def test_an_epoch_is_granted_to_one_candidate_and_that_is_persisted_first() -> None:
    node = lone("n3")
    effects = node.hear("n1", Bid(1, 0, 0))
    assert sent(effects) == [Grant(1, True)]
    assert place(effects, Persist) < place(effects, Send)
    node.restart()
    assert sent(node.hear("n2", Bid(1, 0, 0))) == [Grant(1, False)]
    assert sent(node.hear("n1", Bid(1, 0, 0))) == [Grant(1, True)]


@pytest.mark.parametrize(
    ("last_epoch", "length", "granted"), [(2, 2, True), (2, 1, False), (1, 9, False), (3, 1, True)]
)
def test_a_voter_with_newer_data_refuses(last_epoch: int, length: int, granted: bool) -> None:
    node = lone("n3", (1, 2), 2)
    assert sent(node.hear("n1", Bid(5, last_epoch, length))) == [Grant(5, granted)]


def test_who_hears_a_primary_ignores_bids() -> None:
    node = lone("n3")
    node.hear("n1", Replicate(1, 0, 0, (), 0, 0))
    assert sent(node.hear("n2", Bid(2, 0, 0))) == []
    assert inner(node).replica.epoch == 1
    node.fire("takeover")
    assert sent(node.hear("n2", Bid(2, 0, 0))) == [Grant(2, True)]


def test_takeovers_are_staggered() -> None:
    waits = [timer(lone(name).all, "takeover") for name in THREE]
    lows = [w.low_ns for w in waits if w is not None]
    highs = [w.high_ns for w in waits if w is not None]
    assert len(lows) == 3
    assert highs[0] <= lows[1] < highs[1] <= lows[2]


def test_an_operation_waits_for_every_node_in_sync() -> None:
    node = ready()
    node.ask(1, kv.Write("k", 5))
    assert answers(node.hear("n2", stored(node, 2))) == {}
    assert answers(node.hear("n3", stored(node, 2))) == {1: kv.Ok()}


def test_a_backup_that_does_not_keep_up_is_dropped_while_a_majority_remains() -> None:
    node = ready()
    node.ask(1, kv.Write("k", 5))
    node.fire("watch")
    node.hear("n2", stored(node, 2))
    effects = node.fire("watch")
    assert answers(effects) == {1: kv.Ok()}
    node.ask(2, kv.Write("k", 6))
    node.hear("n3", stored(node, 1))
    for _ in range(3):
        assert answers(node.fire("watch")) == {}, "two of three is the least"
        node.hear("n3", stored(node, 1))
    assert answers(node.hear("n2", stored(node, 3))) == {2: kv.Ok()}


def test_a_dropped_backup_is_taken_back_when_it_has_caught_up() -> None:
    node = ready()
    node.ask(1, kv.Write("k", 5))
    node.fire("watch")
    node.hear("n2", stored(node, 2))
    node.fire("watch")
    node.hear("n3", stored(node, 2))
    node.ask(2, kv.Write("k", 6))
    assert answers(node.hear("n2", stored(node, 3))) == {}, "n3 counts again"
    assert answers(node.hear("n3", stored(node, 3))) == {2: kv.Ok()}


def test_inherited_entries_are_committed_only_through_the_barrier() -> None:
    node = primary((1, 1), 1)
    assert node.records[-1] == Logged(2, (Entry(2, Barrier()),))
    node.ask(1, kv.Read("k"))
    for peer in ("n2", "n3"):
        assert answers(node.hear(peer, stored(node, 2))) == {}
    assert inner(node).replica.committed == 0
    for peer in ("n2", "n3"):
        node.hear(peer, stored(node, 3))
    assert inner(node).replica.committed == 3
    assert answers(node.hear("n2", stored(node, 3, 1))) == {1: kv.Ok(None)}


def test_reads_need_a_round_begun_after_they_arrived() -> None:
    node = ready()
    (asked,) = sent(node.ask(1, kv.Read("k")), "n2")
    assert asked.round == 1
    assert sent(node.ask(2, kv.Read("k"))) == []
    assert answers(node.hear("n2", stored(node, 1, 0))) == {}
    effects = node.hear("n2", stored(node, 1, 1))
    assert list(answers(effects)) == [1]
    assert list(answers(node.hear("n3", stored(node, 1, 2)))) == [2]


def test_an_old_primary_is_fenced_and_steps_down() -> None:
    voter, old = lone("n3", (), 4), ready()
    old.ask(1, kv.Write("k", 5))
    old.ask(2, kv.Read("k"))
    (refusal,) = sent(voter.hear("n1", Replicate(1, 1, 1, (), 1, 0)))
    assert refusal == Stored(4, False, 0, 0)
    effects = old.hear("n3", refusal)
    assert inner(old).role == "backup"
    assert isinstance(answers(effects)[1], kv.Uncertain)
    assert answers(effects)[2] == kv.NotLeader(None)
    assert answers(old.ask(3, kv.Write("k", 6))) == {3: kv.NotLeader(None)}


def test_an_old_epoch_changes_nothing() -> None:
    node = lone("n3", (4,), 4)
    (refusal,) = sent(node.hear("n1", Replicate(1, 0, 0, (Entry(1, Barrier()),), 1, 0)))
    assert refusal == Stored(4, False, 0, 0)
    assert [e.epoch for e in inner(node).replica.log] == [4]
    assert inner(node).primary is None


def test_a_primary_without_a_majority_steps_down() -> None:
    node = ready()
    node.fire("watch")
    node.fire("watch")
    assert inner(node).role == "backup"


def test_a_backup_replaces_what_conflicts_and_keeps_the_rest() -> None:
    node = lone("n3", (1, 2, 2), 3)
    (answer,) = sent(node.hear("n1", Replicate(3, 3, 3, (), 0, 0)))
    assert answer == Stored(3, False, 0, 0), "go on behind what is committed"
    (answer,) = sent(node.hear("n1", Replicate(3, 0, 0, tuple(Entry(e, Barrier()) for e in (1, 3)), 0, 0)))
    assert answer == Stored(3, True, 2, 0)
    (late,) = sent(node.hear("n1", Replicate(3, 0, 0, (Entry(1, Barrier()),), 0, 0)))
    assert late == Stored(3, True, 1, 0)
    node.restart()
    assert [e.epoch for e in inner(node).replica.log] == [1, 3]


def test_a_short_log_tells_its_length() -> None:
    node = lone("n3", (1,), 1)
    assert sent(node.hear("n1", Replicate(1, 7, 1, (), 0, 0))) == [Stored(1, False, 1, 0)]


def test_a_burst_travels_together() -> None:
    node = ready()
    first = [m for i in range(20) for m in sent(node.ask(i, kv.Write("k", i)), "n2")]
    assert [len(m.entries) for m in first] == [1]
    (rest,) = sent(node.hear("n2", stored(node, 2)), "n2")
    assert len(rest.entries) == 19
