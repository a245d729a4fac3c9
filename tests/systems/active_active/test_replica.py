"""The replicated types, by the rules of Shapiro et al., "A comprehensive study of Convergent and Commutative
Replicated Data Types", 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from systems.active_active.messages import Added, Counted, Dot, Held, Put, Removed, Timestamp, Update
from systems.active_active.replica import Replica


def replica(*updates: tuple[str, int, Update], bug: str = "") -> Replica:
    one = Replica(bug)
    for origin, sequence, update in updates:
        one.take(origin, sequence, update)
    return one


def test_of_two_writes_the_later_timestamp_wins_in_any_order() -> None:
    """Section 3.2.1, LWW-register."""
    old, new = ("n1", 1, Put("k", "old", 5, 0)), ("n2", 1, Put("k", "new", 5, 1))
    for order in ((old, new), (new, old)):
        assert replica(*order).register("k") == Held("new", Timestamp(5, 1, "n2"))


def test_equal_readings_are_decided_by_the_node() -> None:
    """Section 3.2.1: timestamps are totally ordered."""
    one, other = ("n1", 1, Put("k", "one", 5, 0)), ("n2", 1, Put("k", "other", 5, 0))
    assert replica(one, other).register("k") == replica(other, one).register("k")


def test_a_counter_is_the_sum_over_nodes() -> None:
    """Section 3.1.3, PN-counter: one entry per node; merged by maximum, so an old total changes nothing."""
    one = replica(("n1", 2, Counted("c", 5, 1)), ("n2", 1, Counted("c", 5, 0)), ("n1", 1, Counted("c", 3, 0)))
    assert one.count("c") == 9
    assert one.totals("c", "n1") == (5, 1)


def test_a_remove_takes_the_adds_that_it_observed_and_no_other() -> None:
    """Section 3.3.5, OR-set: an add that the remove has not seen wins."""
    adds = ("n1", 1, Added("s", 7)), ("n2", 1, Added("s", 7))
    removed = ("n3", 1, Removed("s", 7, (Dot("n1", 1),)))
    one = replica(*adds, removed)
    assert one.elements("s") == [7]
    assert one.dots("s", 7) == (Dot("n2", 1),)


@pytest.mark.parametrize(("bug", "left"), [("", []), ("remove-forgotten", [7])])
def test_a_remove_counts_also_before_its_add(bug: str, left: list[int]) -> None:
    """Section 3.3.5: add and remove of one tag commute."""
    removed, added = ("n2", 1, Removed("s", 7, (Dot("n1", 1),))), ("n1", 1, Added("s", 7))
    one = replica(removed, added, bug=bug)
    assert one.elements("s") == left


def test_what_is_remembered_of_a_remove_ends_with_its_add() -> None:
    one = replica(("n2", 1, Removed("s", 7, (Dot("n1", 1),))))
    assert one.early == {Dot("n1", 1)}
    one.take("n1", 1, Added("s", 7))
    assert not one.early
    assert one.tagged() == {}


def test_elements_are_listed_in_one_order() -> None:
    one = replica(*(("n1", number, Added("s", e)) for number, e in enumerate(["b", 3, "a", 10, 1], 1)))
    assert one.elements("s") == [1, 3, 10, "a", "b"]


def test_the_three_kinds_are_namespaces() -> None:
    one = replica(("n1", 1, Put("x", 1, 1, 0)), ("n1", 2, Added("x", 2)), ("n1", 3, Counted("x", 3, 0)))
    assert (one.register("x").value, one.elements("x"), one.count("x")) == (1, [2], 3)


def _happen(stream: Random) -> dict[str, list[Update]]:
    """What three nodes did, each having heard some of the others' updates, in order per origin."""
    nodes = {name: Replica("") for name in ("n1", "n2", "n3")}
    logs: dict[str, list[Update]] = {name: [] for name in nodes}
    for _ in range(60):
        name = stream.choice(list(nodes))
        node = nodes[name]
        update = _change(stream, node, name, len(logs[name]))
        logs[name].append(update)
        node.take(name, len(logs[name]), update)
        reader, heard = stream.choice([n for n in nodes if n != name]), stream.randrange(3)
        known = nodes[reader].received.get(name, 0)
        for sequence, told in list(enumerate(logs[name], 1))[known : known + heard]:
            nodes[reader].take(name, sequence, told)
    return logs


def _change(stream: Random, node: Replica, name: str, done: int) -> Update:
    element = stream.randrange(4)
    dots = node.dots("s", element)
    up, down = node.totals("c", name)
    kinds: list[Update] = [
        Put("k", stream.randrange(100), stream.randrange(5), done),
        Added("s", element),
        Removed("s", element, dots) if dots else Added("s", element),
        Counted("c", up + stream.randrange(3), down + stream.randrange(3)),
    ]
    return stream.choice(kinds)


def _taken(stream: Random, logs: dict[str, list[Update]]) -> Replica:
    """A replica that took all of `logs` in a drawn order that keeps each origin's."""
    turns = [name for name, log in logs.items() for _ in log]
    stream.shuffle(turns)
    one, done = Replica(""), dict.fromkeys(logs, 0)
    for name in turns:
        one.take(name, done[name] + 1, logs[name][done[name]])
        done[name] += 1
    return one


def _state(one: Replica) -> Sequence[Any]:
    return one.registers, one.tagged(), one.counters, one.early, one.received


def test_replicas_that_took_the_same_updates_hold_the_same() -> None:
    """Section 2: strong eventual convergence, whatever the order between origins."""
    for seed in range(100):
        stream = Random(seed)
        logs = _happen(stream)
        first = _taken(stream, logs)
        assert not first.early, f"seed {seed}: every add has come"
        for _ in range(5):
            assert _state(_taken(stream, logs)) == _state(first), f"seed {seed}"
        count = sum(max(u.up for u in log if isinstance(u, Counted)) for log in logs.values() if _counts(log))
        count -= sum(
            max(u.down for u in log if isinstance(u, Counted)) for log in logs.values() if _counts(log)
        )
        assert first.count("c") == count


def _counts(log: list[Update]) -> bool:
    return any(isinstance(update, Counted) for update in log)
