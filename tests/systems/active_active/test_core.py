"""One active-active node, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from systems import kv
from systems.active_active.core import ActiveActiveCore
from systems.active_active.messages import (
    Ack,
    Added,
    Counted,
    CounterAdd,
    CounterRead,
    Push,
    Put,
    RegisterRead,
    RegisterWrite,
    SetAdd,
    SetRead,
    SetRemove,
    Snapshot,
    Stored,
)
from systems.core import Compact, Effect, Persist, Reply, Request, Send
from tests.systems.lone_node import LoneNode, answers, sent, timer


def lone(name: str = "n1", **options: str) -> LoneNode:
    return LoneNode(ActiveActiveCore, name, options=options)


def core(node: LoneNode) -> ActiveActiveCore:
    assert isinstance(node.core, ActiveActiveCore)
    return node.core


def at(node: LoneNode, wall_ns: int, command: Any) -> Any:
    """The answer to `command` at this time of day."""
    return answers(node.step(Request(1, command, 0, wall_ns)))[1]


def now(node: LoneNode, command: Any) -> Any:
    return at(node, 0, command)


def order(effects: list[Effect]) -> list[type]:
    return [type(e) for e in effects if isinstance(e, Persist | Reply | Send)]


def test_a_change_is_on_the_disk_before_anybody_hears_of_it() -> None:
    effects = lone().ask(1, SetAdd("s1", 7))
    assert order(effects) == [Persist, Reply, Send, Send]
    assert answers(effects) == {1: kv.Ok()}
    assert sent(effects) == [Push(1, (Added("s1", 7),))] * 2


def test_a_peer_acknowledges_what_is_on_its_disk() -> None:
    effects = lone("n2").hear("n1", Push(1, (Added("s1", 7), Counted("c1", 2, 0))))
    assert order(effects) == [Persist, Send]
    assert sent(effects, "n1") == [Ack(2)]


@pytest.mark.parametrize(
    ("bug", "event"),
    [("ack-before-disk", "request"), ("ack-unwritten", "push")],
)
def test_the_bugs_of_durability_are_what_they_say(bug: str, event: str) -> None:
    node = lone(bug=bug)
    effects = (
        node.ask(1, SetAdd("s", 1)) if event == "request" else node.hear("n2", Push(1, (Added("s", 1),)))
    )
    assert Send in order(effects)
    assert not node.records
    node.fire("resend")
    assert len(node.records) == 1


def test_what_is_behind_a_gap_is_left_and_what_is_known_is_skipped() -> None:
    node = lone("n2")
    assert sent(node.hear("n1", Push(2, (Added("s1", 2),)))) == [Ack(0)]
    node.hear("n1", Push(1, (Added("s1", 1), Added("s1", 2))))
    effects = node.hear("n1", Push(2, (Added("s1", 2), Added("s1", 3))))
    assert [e.record for e in effects if isinstance(e, Persist)] == [Stored("n1", 3, (Added("s1", 3),))]
    assert sent(effects) == [Ack(3)]
    assert order(node.hear("n1", Push(1, (Added("s1", 1),)))) == [Send], "nothing new, nothing written"


def test_a_doubled_add_does_not_bring_the_element_back() -> None:
    node = lone("n2")
    push = Push(1, (Added("s1", 7),))
    node.hear("n1", push)
    assert now(node, SetRemove("s1", 7)) == kv.Ok(True)
    node.hear("n1", push)
    assert now(node, SetRead("s1")) == kv.Ok([])


def test_what_is_not_acknowledged_is_sent_again_by_a_timer() -> None:
    node = lone(resend_ms="100")
    node.ask(1, CounterAdd("c1", 5))
    node.hear("n3", Ack(1))
    effects = node.fire("resend")
    assert sent(effects, "n2") == [Push(1, (Counted("c1", 5, 0),))]
    assert sent(effects, "n3") == []
    again = timer(effects, "resend")
    assert again is not None
    assert again.high_ns == 100_000_000


def test_a_remove_says_whether_the_node_had_it_and_tells_nobody_of_nothing() -> None:
    node = lone()
    effects = node.ask(1, SetRemove("s1", 7))
    assert answers(effects) == {1: kv.Ok(False)}
    assert order(effects) == [Reply]
    node.ask(2, SetAdd("s1", 7))
    assert answers(node.ask(3, SetRemove("s1", 7))) == {3: kv.Ok(True)}


def test_a_counter_tells_its_own_totals() -> None:
    node = lone()
    node.hear("n2", Push(1, (Counted("c1", 10, 0),)))
    node.ask(1, CounterAdd("c1", 5))
    assert sent(node.ask(2, CounterAdd("c1", -2)), "n2") == [Push(2, (Counted("c1", 5, 2),))]
    assert now(node, CounterRead("c1")) == kv.Ok(13)


def test_a_register_never_written_is_none_at_no_time() -> None:
    assert now(lone(), RegisterRead("r1")) == kv.Ok([None, 0, 0, ""])


def test_a_write_is_above_what_its_client_has_seen() -> None:
    """Terry et al. 1994: writes follow reads."""
    node = lone()
    assert at(node, 100, RegisterWrite("r1", 1, 500, 3)) == kv.Ok([500, 4, "n1"])
    assert at(node, 100, RegisterRead("r1")) == kv.Ok([1, 500, 4, "n1"])


def test_a_write_is_above_what_came_from_peers() -> None:
    node = lone()
    node.hear("n2", Push(1, (Put("r2", 9, 700, 2),)))
    assert at(node, 100, RegisterWrite("r1", 1)) == kv.Ok([700, 3, "n1"])


def test_a_clock_that_jumped_back_over_a_restart_orders_no_write_before_an_earlier_one() -> None:
    node = lone()
    at(node, 900, RegisterWrite("r1", "earlier"))
    node.restart()
    assert at(node, 100, RegisterWrite("r1", "later")) == kv.Ok([900, 1, "n1"])
    assert at(node, 100, RegisterRead("r1")).value[0] == "later"


def test_clock_back_is_what_it_says() -> None:
    node = lone(bug="clock-back")
    at(node, 900, RegisterWrite("r1", "earlier"))
    at(node, 100, RegisterWrite("r1", "later"))
    assert at(node, 100, RegisterRead("r1")).value[0] == "earlier"


def test_a_restart_goes_on_with_what_was_written_down() -> None:
    node = lone()
    node.ask(1, SetAdd("s1", 7))
    node.ask(2, CounterAdd("c1", 4))
    node.hear("n2", Push(1, (Put("r1", 5, 10, 0), Counted("c1", 1, 0))))
    effects = node.restart()
    assert sent(effects, "n2") == [Push(1, (Added("s1", 7), Counted("c1", 4, 0)))], "nobody had it for sure"
    assert [now(node, c) for c in (SetRead("s1"), CounterRead("c1"))] == [kv.Ok([7]), kv.Ok(5)]
    assert now(node, RegisterRead("r1")) == kv.Ok([5, 10, 0, "n2"])
    assert sent(node.hear("n2", Push(2, (Counted("c1", 1, 0),)))) == [Ack(2)]
    assert sent(node.ask(9, SetAdd("s1", 8)), "n3") == [Push(3, (Added("s1", 8),))]


def _busy(node: LoneNode) -> list[Effect]:
    """Some of everything; n2 has only part of it, and a remove is here before its add."""
    node.ask(1, SetAdd("s1", 7))
    node.ask(2, RegisterWrite("r1", "x"))
    node.hear("n2", Push(1, (Added("s1", 8), Counted("c1", 1, 3))))
    lacking = lone("n3")
    lacking.hear("n2", Push(1, (Added("s1", 8), Counted("c1", 1, 3), Added("s1", 9))))
    removal = sent(lacking.ask(1, SetRemove("s1", 9)), "n1")[0]
    node.hear("n3", removal)
    node.hear("n2", Ack(2))
    node.hear("n3", Ack(1))
    return node.ask(3, CounterAdd("c1", 2))


def test_a_snapshot_takes_the_place_of_all_records() -> None:
    node = lone()
    _busy(node)
    effects = _busy(lone(snapshot_every="5"))
    assert isinstance(effects[-1], Compact), "behind what was written, answered and told before it"
    (snapshot,) = effects[-1].records
    assert isinstance(snapshot, Snapshot)
    from_records, from_snapshot = lone(), lone()
    from_records.records, from_snapshot.records = node.records, [snapshot]
    from_records.restart()
    from_snapshot.restart()
    one, other = core(from_records), core(from_snapshot)
    assert vars(one.replica) == vars(other.replica)
    assert one.clock.reading == other.clock.reading
    assert one.outgoing.last == other.outgoing.last
    assert sent(from_snapshot.fire("resend"), "n3")[0].first == 2
    from_snapshot.hear("n2", Push(3, (Added("s1", 9),)))
    assert now(from_snapshot, SetRead("s1")) == kv.Ok([7, 8]), "its remove was remembered"


def test_snapshots_come_every_so_many_records() -> None:
    node = lone(snapshot_every="10")
    for number in range(40):
        node.ask(number, CounterAdd("c1", 1))
    assert sum(isinstance(effect, Compact) for effect in node.all) == 4
