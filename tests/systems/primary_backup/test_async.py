"""Mode async, rule by rule."""

from __future__ import annotations

from systems import kv
from systems.core import Persist, Reply, Send
from systems.primary_backup.async_core import AsyncCore
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.messages import Beat, Changed, Copy, Pull, State
from tests.systems.lone_node import LoneNode, answers, place, sent, timer


def inner(node: LoneNode) -> AsyncCore:
    assert isinstance(node.core, PrimaryBackupCore)
    assert isinstance(node.core.inner, AsyncCore)
    return node.core.inner


def lone(name: str) -> LoneNode:
    return LoneNode(PrimaryBackupCore, name, options={"mode": "async"})


def test_the_first_member_starts_as_primary() -> None:
    assert [inner(lone(n)).primary for n in ("n1", "n2", "n3")] == ["n1"] * 3
    assert sent(lone("n1").all) == [Beat(1, 0)] * 2


def test_the_primary_persists_answers_and_then_copies() -> None:
    node = lone("n1")
    effects = node.ask(1, kv.Write("k", 5))
    assert place(effects, Persist) < place(effects, Reply) < place(effects, Send)
    assert sent(effects) == [Copy(1, 1, kv.Write("k", 5))] * 2
    assert answers(node.ask(2, kv.Cas("k", 5, 6))) == {2: kv.Ok(True)}


def test_a_backup_reads_its_copy_and_sends_writers_away() -> None:
    node = lone("n2")
    node.hear("n1", Copy(1, 1, kv.Write("k", 5)))
    assert answers(node.ask(1, kv.Read("k"))) == {1: kv.Ok(5)}
    assert answers(node.ask(2, kv.Write("k", 6))) == {2: kv.NotLeader("n1")}


def test_a_gap_makes_a_backup_pull_everything() -> None:
    node = lone("n2")
    assert sent(node.hear("n1", Copy(1, 2, kv.Write("k", 6)))) == [Pull(1)]
    assert sent(node.hear("n1", Beat(1, 2))) == [Pull(1)]
    node.hear("n1", State(1, 2, {"k": 6}))
    assert sent(node.hear("n1", Beat(1, 2))) == []
    assert answers(node.ask(1, kv.Read("k"))) == {1: kv.Ok(6)}
    assert inner(node).sequence == 2


def test_a_doubled_copy_is_performed_once() -> None:
    node = lone("n2")
    for _ in range(2):
        node.hear("n1", Copy(1, 1, kv.Cas("k", None, 1)))
    assert [r for r in node.records if isinstance(r, Changed)] == [Changed(1, kv.Cas("k", None, 1))]


def test_silence_promotes_with_the_next_epoch_and_earlier_members_sooner() -> None:
    second, third = lone("n2"), lone("n3")
    waits = [timer(node.all, "takeover") for node in (second, third)]
    assert waits[0] is not None
    assert waits[1] is not None
    assert waits[0].high_ns <= waits[1].low_ns
    assert sent(second.fire("takeover")) == [Beat(2, 0)] * 2
    assert answers(second.ask(1, kv.Write("k", 1))) == {1: kv.Ok()}


def test_of_two_primaries_the_higher_epoch_wins_and_the_loser_takes_its_state() -> None:
    old, new = lone("n1"), lone("n2")
    new.fire("takeover")
    old.ask(1, kv.Write("k", 1))
    new.ask(1, kv.Write("k", 2))
    assert sent(new.hear("n1", Beat(1, 1)), "n1") == [Beat(2, 1)], "the winner makes itself known"
    (pull,) = sent(old.hear("n2", Beat(2, 1)))
    assert inner(old).primary == "n2"
    (state,) = sent(new.hear("n1", pull))
    old.hear("n2", state)
    assert answers(old.ask(2, kv.Read("k"))) == {2: kv.Ok(2)}, "the write of 1 is lost"


def test_among_equal_epochs_the_earlier_member_wins() -> None:
    second, third = lone("n2"), lone("n3")
    second.fire("takeover")
    third.fire("takeover")
    second.hear("n3", Beat(2, 0))
    third.hear("n2", Beat(2, 0))
    assert (inner(second).primary, inner(third).primary) == ("n2", "n2")


def test_a_copy_from_before_the_full_state_is_not_mixed_in() -> None:
    node = lone("n1")
    node.ask(1, kv.Write("k", 1))
    node.hear("n2", Beat(2, 1))
    node.hear("n2", Copy(2, 2, kv.Write("j", 9)))
    assert inner(node).store.values == {"k": 1}


def test_a_restarted_primary_has_its_state_and_is_a_backup() -> None:
    node = lone("n1")
    node.ask(1, kv.Write("k", 1))
    node.restart()
    assert answers(node.ask(2, kv.Read("k"))) == {2: kv.Ok(1)}
    assert answers(node.ask(3, kv.Write("k", 2))) == {3: kv.NotLeader(None)}
    node.fire("takeover")
    assert inner(node).epoch == 2
