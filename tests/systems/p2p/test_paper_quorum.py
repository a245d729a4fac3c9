"""One test per rule of the emulated registers.

ABD: Attiya, Bar-Noy, Dolev, "Sharing Memory Robustly in Message-Passing Systems" (1995); LS: Lynch and
Shvartsman, "Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts" (1997), which has
many writers.
"""

from __future__ import annotations

from typing import Any

import pytest

from systems import kv
from systems.core import MILLISECOND_NS, CancelTimer, Effect, Persist, Reply, Request, Send, TimerFired
from systems.p2p.core import P2pCore
from systems.p2p.messages import Boot, Copy, Delete, Have, Kept, Query, Round, Store, Stored, Tag
from tests.systems.lone_node import FIVE, THREE, LoneNode, answers, place, sent, timer

OLD, NEW = Copy(Tag(3, "n2", 1), "old"), Copy(Tag(4, "n3", 1), "new")


def peer(bug: str = "", members: tuple[str, ...] = THREE, records: list[Any] | None = None) -> LoneNode:
    """n1, started once."""
    node = LoneNode(P2pCore, members=members, options={"bug": bug})
    if records is not None:
        node.records = records
        node.restart()
    return node


def asked(effects: list[Effect]) -> Round:
    """The round of the questions among the effects."""
    (round_,) = {message.round for message in sent(effects) if isinstance(message, Query | Store)}
    return round_


def heard(node: LoneNode, effects: list[Effect], **copies: Copy) -> list[Effect]:
    """Effects of the last of these answers to the query among `effects`."""
    round_ = asked(effects)
    for name, copy in copies.items():
        effects = node.hear(name, Have(round_, copy))
    return effects


def test_a_write_asks_a_majority_for_its_tags_and_stores_under_a_higher_one() -> None:
    """LS: the writer takes the highest tag of a quorum, adds one, and stores at a quorum under its name."""
    node = peer()
    query = node.ask(1, kv.Write("k", "mine"))
    assert [type(m) for m in sent(query)] == [Query]
    store = heard(node, query, n2=OLD)
    assert [m.copy for m in sent(store)] == [Copy(Tag(4, "n1", 1), "mine")]
    assert answers(store) == {}, "only its own disk has it"
    assert answers(node.hear("n2", Stored(asked(store)))) == {1: kv.Ok()}


def test_a_write_waits_for_a_majority_of_five() -> None:
    """ABD: the writer waits for acknowledgements from a majority, itself included."""
    node = peer(members=FIVE)
    query = node.ask(1, kv.Write("k", 1))
    assert sent(heard(node, query, n2=Copy())) == [], "two of five"
    store = node.hear("n3", Have(asked(query), Copy()))
    assert answers(node.hear("n2", Stored(asked(store)))) == {}
    assert answers(node.hear("n2", Stored(asked(store)))) == {}, "one peer counts once"
    assert answers(node.hear("n3", Stored(asked(store)))) == {1: kv.Ok()}


def test_a_read_writes_back_what_not_everybody_has() -> None:
    """ABD: before it returns, the reader makes sure that a majority has what it returns."""
    node = peer(members=FIVE)
    store = heard(node, node.ask(1, kv.Read("k")), n2=OLD, n3=NEW)
    assert answers(store) == {}
    assert {m.copy for m in sent(store)} == {NEW}, "under the writer's tag, not a new one"
    node.hear("n2", Stored(asked(store)))
    assert answers(node.hear("n3", Stored(asked(store)))) == {1: kv.Ok("new")}


def test_a_read_that_a_whole_majority_agrees_on_needs_no_write_back() -> None:
    """A majority has the tag already: the phase that would bring that about is left out."""
    node = peer(records=[Kept("k", NEW)])
    assert answers(heard(node, node.ask(1, kv.Read("k")), n2=NEW)) == {1: kv.Ok("new")}
    assert answers(heard(node, node.ask(2, kv.Read("never")), n2=Copy())) == {2: kv.Ok(None)}


def test_a_replica_keeps_the_highest_tag() -> None:
    """ABD: a processor takes a value over only if its label is greater than its own."""
    node = peer()
    round_ = Round(1, 9)
    node.hear("n3", Store(round_, "k", NEW))
    effects = node.hear("n2", Store(round_, "k", OLD))
    assert sent(effects, "n2") == [Stored(round_)], "it has a newer one: that will do"
    assert sent(node.hear("n2", Query(round_, "k"))) == [Have(round_, NEW)]


def test_equal_numbers_are_told_apart_by_the_writer() -> None:
    """LS: tags are pairs of a number and a name, in lexicographic order."""
    assert Tag(3, "n1", 9) < Tag(3, "n2", 1) < Tag(3, "n2", 2) < Tag(4, "n1", 1)


def test_a_replica_writes_down_before_it_acknowledges() -> None:
    """What a majority acknowledged must survive the crash of all."""
    node = peer()
    effects = node.hear("n2", Store(Round(1, 1), "k", NEW))
    assert place(effects, Persist) < place(effects, Send)
    node.restart()
    assert sent(node.hear("n2", Query(Round(1, 2), "k"))) == [Have(Round(1, 2), NEW)]


def test_a_coordinator_answers_only_what_its_own_disk_has_too() -> None:
    """It counts itself, so its copy is a record in front of the answer; the peers' disks work meanwhile."""
    node = LoneNode(P2pCore, members=("n1",))
    effects = node.ask(1, kv.Write("k", 1))
    assert place(effects, Persist) < place(effects, Reply)
    node = peer()
    store = heard(node, node.ask(1, kv.Write("k", 1)), n2=Copy())
    assert place(store, Send) < place(store, Persist)


def test_writes_of_one_key_under_way_together_get_different_tags() -> None:
    """LS: no two writes have the same tag, whatever the two saw of each other."""
    node = peer()
    first, second = node.ask(1, kv.Write("k", 1)), node.ask(2, kv.Write("k", 2))
    tags = [m.copy.tag for query in (first, second) for m in sent(heard(node, query, n2=OLD))]
    assert tags == [Tag(4, "n1", 1), Tag(5, "n1", 1)]


def test_a_restarted_coordinator_gives_no_tag_again() -> None:
    """It may have sent its last one before its own disk had it."""
    node = peer()
    before = len(node.records)
    (lost,) = {m.copy.tag for m in sent(heard(node, node.ask(1, kv.Write("k", 1)), n2=OLD))}
    del node.records[before:]
    start = node.restart()
    assert [e.record for e in start if isinstance(e, Persist)] == [Boot(2)]
    (again,) = {m.copy.tag for m in sent(heard(node, node.ask(2, kv.Write("k", 2)), n2=OLD))}
    assert lost < again
    assert lost.number == again.number, "nothing but the incarnation tells them apart"


def test_answers_to_other_questions_do_not_count() -> None:
    """ABD: an acknowledgement belongs to one message; late ones, and those to an incarnation that is
    gone, say nothing about the phase under way.
    """
    node = peer()
    query = node.ask(1, kv.Read("k"))
    round_ = asked(query)
    for stranger in (Round(round_.boot, round_.number + 1), Round(round_.boot - 1, round_.number)):
        assert node.hear("n2", Have(stranger, NEW)) == []
    store = heard(node, query, n2=NEW)
    assert node.hear("n3", Have(round_, OLD)) == [], "that round is over"
    assert answers(node.hear("n3", Stored(round_))) == {}, "it stored nothing of the second round"
    assert answers(node.hear("n3", Stored(asked(store)))) == {1: kv.Ok("new")}


def test_whoever_is_silent_is_asked_again_and_so_are_all_others() -> None:
    """ABD assumes reliable links; here a question is repeated until it is answered or given up."""
    node = peer(members=FIVE)
    query = node.ask(1, kv.Read("k"))
    assert [e.to for e in query if isinstance(e, Send)] == ["n2", "n3"], "no more than a quorum needs"
    assert timer(query, "resend") is not None
    heard(node, query, n2=Copy())
    again = node.fire("resend")
    assert [e.to for e in again if isinstance(e, Send)] == ["n3", "n4", "n5"]
    assert answers(node.hear("n5", Have(asked(query), Copy()))) == {1: kv.Ok(None)}
    following = node.ask(2, kv.Read("k"))
    assert [e.to for e in following if isinstance(e, Send)] == ["n2", "n5"], "n3 was silent"


def test_the_timer_stops_when_nothing_is_open() -> None:
    node = peer()
    heard(node, node.ask(1, kv.Read("k")), n2=Copy())
    effects = node.fire("resend")
    assert effects == []
    assert timer(node.ask(2, kv.Read("k")), "resend") is not None, "the next operation starts it again"
    assert not any(isinstance(e, CancelTimer) for e in node.all)


@pytest.mark.parametrize(
    ("command", "stores", "kind"),
    [
        (kv.Read("k"), False, kv.Refused),
        (kv.Read("k"), True, kv.Refused),
        (kv.Write("k", 1), False, kv.Refused),
        (kv.Write("k", 1), True, kv.Uncertain),
    ],
)
def test_without_a_majority_an_operation_is_given_up(
    command: kv.Command, stores: bool, kind: type[kv.Result]
) -> None:
    """A write that has sent its value away may yet be done; whatever else is given up changed nothing."""
    node = peer(members=FIVE)
    query = node.step(Request(1, command, now_ns=5))
    if stores:
        heard(node, query, n2=OLD, n3=NEW)
    assert answers(node.step(TimerFired("resend", now_ns=390 * MILLISECOND_NS))) == {}
    effects = node.step(TimerFired("resend", now_ns=1610 * MILLISECOND_NS))
    assert isinstance(answers(effects)[1], kind)
    assert sent(effects) == []


def test_there_is_no_delete() -> None:
    """Herlihy 1991: what a delete removes cannot be told without consensus."""
    assert isinstance(answers(peer().ask(1, Delete("k")))[1], kv.Refused)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="mode=quorum or -o mode=gossip"):
        LoneNode(P2pCore, options={"mode": "quorums"})
