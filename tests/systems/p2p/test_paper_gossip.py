"""One test per rule of anti-entropy.

Demers: Demers et al., "Epidemic Algorithms for Replicated Database Maintenance" (1987); Parker: Parker et
al., "Detection of Mutual Inconsistency in Distributed Systems" (1983).
"""

from __future__ import annotations

from typing import Any

from systems import kv
from systems.core import Persist, Reply, Send, TimerFired
from systems.p2p.core import P2pCore
from systems.p2p.messages import Delete, Digest, Item, Items, Version
from tests.systems.lone_node import THREE, LoneNode, answers, place, sent, timer


def peer(name: str = "n1", bug: str = "") -> LoneNode:
    return LoneNode(P2pCore, name, options={"mode": "gossip", "bug": bug})


def ask(node: LoneNode, command: Any) -> Any:
    """The value that `command` gets."""
    result = answers(node.ask(1, command))[1]
    assert isinstance(result, kv.Ok)
    return result.value


def exchange(one: LoneNode, other: LoneNode, name: str, other_name: str) -> None:
    """A whole exchange that `one` begins."""
    (digest,) = [m for m in sent(one.fire("gossip")) if isinstance(m, Digest)]
    for answer in sent(other.hear(name, digest)):
        for last in sent(one.hear(other_name, answer)):
            assert other.hear(name, last) is not None


def test_every_peer_answers_alone_and_from_its_disk() -> None:
    """Acknowledged is what survives the crash of the peer that said so."""
    node = peer()
    effects = node.ask(1, kv.Write("k", 1))
    assert [e for e in effects if isinstance(e, Send)] == []
    assert place(effects, Persist) < place(effects, Reply)
    node.restart()
    assert ask(node, kv.Read("k")) == 1
    effects = node.ask(1, Delete("k"))
    assert answers(effects) == {1: kv.Ok(1)}
    assert place(effects, Persist) < place(effects, Reply)
    node.restart()
    assert ask(node, kv.Read("k")) is None


def test_a_peer_gossips_with_one_that_chance_picks() -> None:
    """Demers 1.3: every site regularly chooses another site at random."""
    node = peer()
    picked = set()
    for draw in range(4):
        effects = node.step(TimerFired("gossip", draw))
        (target,) = [e.to for e in effects if isinstance(e, Send)]
        picked.add(target)
        assert timer(effects, "gossip") is not None
    assert picked == {"n2", "n3"}


def test_both_sides_learn_what_they_lack_and_nothing_else_travels() -> None:
    """Demers 1.3: push-pull; what both have is not sent."""
    one, two = peer("n1"), peer("n2")
    ask(one, kv.Write("both", 1))
    exchange(one, two, "n1", "n2")
    ask(one, kv.Write("a", 1))
    ask(two, kv.Write("b", 2))
    (digest,) = sent(one.fire("gossip"))
    (answer,) = sent(two.hear("n1", digest))
    assert (list(answer.items), answer.wanted) == (["b"], ("a",))
    (last,) = sent(one.hear("n2", answer))
    assert list(last.items) == ["a"]
    assert sent(two.hear("n1", last)) == []
    assert [ask(node, kv.Read(key)) for node in (one, two) for key in ("a", "b")] == [1, 2, 1, 2]
    (digest,) = sent(one.fire("gossip"))
    assert two.hear("n1", digest) == [], "nothing is left to tell"


def test_a_write_that_has_seen_another_replaces_it() -> None:
    """Parker: a version whose vector dominates is the newer one."""
    one, two = peer("n1"), peer("n2")
    ask(one, kv.Write("k", 1))
    exchange(one, two, "n1", "n2")
    ask(two, kv.Write("k", 2))
    exchange(one, two, "n1", "n2")
    assert ask(one, kv.Read("k")) == ask(two, kv.Read("k")) == 2


def test_concurrent_writes_are_both_kept_and_settled_alike_everywhere() -> None:
    """Parker: incomparable vectors are a conflict; whoever hears of it settles it in the same way."""
    one, two = peer("n1"), peer("n2")
    ask(one, kv.Write("k", 1))
    ask(two, kv.Write("k", 2))
    exchange(one, two, "n1", "n2")
    assert inner(one).items == inner(two).items
    assert len(inner(one).items["k"].versions) == 2
    assert ask(one, kv.Read("k")) == ask(two, kv.Read("k")) == 2
    ask(one, kv.Write("k", 3))
    exchange(two, one, "n2", "n1")
    assert [v.value for v in inner(two).items["k"].versions] == [3], "a write has seen all that was here"


def test_an_old_copy_does_not_bring_back_what_was_deleted() -> None:
    """Demers 2: a death certificate spreads like data, and cancels the old copies that it meets."""
    one, two, three = peer("n1"), peer("n2"), peer("n3")
    ask(one, kv.Write("k", 1))
    exchange(one, two, "n1", "n2")
    exchange(one, three, "n1", "n3")
    assert ask(two, Delete("k")) == 1
    exchange(two, one, "n2", "n1")
    exchange(three, one, "n3", "n1")
    assert [ask(node, kv.Read("k")) for node in (one, two, three)] == [None] * 3


def test_a_delete_does_not_touch_what_it_has_not_seen() -> None:
    one, two = peer("n1"), peer("n2")
    ask(one, kv.Write("k", 1))
    exchange(one, two, "n1", "n2")
    ask(one, kv.Write("k", 2))
    assert ask(two, Delete("k")) == 1
    exchange(one, two, "n1", "n2")
    assert ask(one, kv.Read("k")) == ask(two, kv.Read("k")) == 2


def test_a_delete_of_nothing_answers_none_and_leaves_nothing() -> None:
    node = peer()
    effects = node.ask(1, Delete("k"))
    assert effects == [Reply(1, kv.Ok(None))]
    ask(node, kv.Write("k", 1))
    ask(node, Delete("k"))
    assert node.ask(1, Delete("k")) == [Reply(1, kv.Ok(None))]


def test_messages_doubled_or_out_of_order_change_nothing() -> None:
    """Demers 1.3: anti-entropy is idempotent."""
    one, two = peer("n1"), peer("n2")
    old = Items({"k": Item({"n2": 1}, (Version(1, "n2", "old"),))})
    new = Items({"k": Item({"n2": 2}, (Version(2, "n2", "new"),))})
    for message in (new, old, new):
        one.hear("n2", message)
    assert one.hear("n2", old) == one.hear("n2", new) == [], "what is known is not written down again"
    for message in (old, new):
        two.hear("n3", message)
    assert inner(one).items == inner(two).items
    assert ask(one, kv.Read("k")) == "new"


def test_events_are_numbered_on_after_a_restart() -> None:
    """Parker: a count stands for one event for ever."""
    node = peer()
    ask(node, kv.Write("k", 1))
    node.restart()
    ask(node, kv.Write("k", 2))
    assert inner(node).items["k"] == Item({"n1": 2}, (Version(2, "n1", 2),))


def test_much_is_told_in_parts() -> None:
    one, two = peer("n1"), peer("n2")
    for number in range(700):
        ask(one, kv.Write(f"k{number}", number))
    exchange(one, two, "n1", "n2")
    assert len(inner(two).items) == 500
    exchange(two, one, "n2", "n1")
    assert len(inner(two).items) == 700


def test_a_peer_alone_gossips_with_nobody() -> None:
    node = LoneNode(P2pCore, members=THREE[:1], options={"mode": "gossip"})
    assert sent(node.fire("gossip")) == []


def inner(node: LoneNode) -> Any:
    assert isinstance(node.core, P2pCore)
    return node.core.inner
