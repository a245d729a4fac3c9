"""Partitions and targets: the promises of every shape, for drawn clusters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemeses import grudges, targets
from nemeses.errors import NemesisError
from nemeses.faults import CLIENTS, Link, Partition, View
from nemeses.grudges import partition
from nemeses.targets import chosen
from nemeses.topology import all_links, between, heard, is_symmetric, muted, one_way

NAMES = [f"n{i}" for i in range(1, 12)]


@st.composite
def clusters(draw: st.DrawFn, least: int = 1) -> tuple[View, tuple[str, ...]]:
    nodes = NAMES[: draw(st.integers(least, len(NAMES)))]
    order = tuple(draw(st.permutations(nodes)))
    return View(tuple(nodes), draw(st.sampled_from([None, *nodes]))), order


def shapes_for(count: int) -> list[str]:
    return [shape for shape, least in grudges.MIN_NODES.items() if least <= count]


@given(clusters(), st.data())
def test_every_possible_shape_cuts_something_that_exists(cluster, data) -> None:
    view, order = cluster
    shape = data.draw(st.sampled_from(shapes_for(len(order))))
    links = partition(shape, view, order).links
    assert links
    assert set(links) <= set(all_links(view.nodes))
    assert list(links) == sorted(set(links))
    assert is_symmetric(links) is (shape != "one-way")
    ends = {end for link in links for end in (link.source, link.target)}
    assert (CLIENTS in ends) is (shape == "clients")


@given(clusters(), st.sampled_from(sorted(grudges.MIN_NODES)))
def test_a_cluster_that_is_too_small_is_refused_by_name(cluster, shape) -> None:
    view, order = cluster
    if grudges.MIN_NODES[shape] <= len(order):
        assert partition(shape, view, order) == partition(shape, view, order)
    else:
        with pytest.raises(NemesisError, match=f"{shape!r} needs {grudges.MIN_NODES[shape]} nodes"):
            partition(shape, view, order)


@given(clusters(4))
def test_majorities_ring_leaves_everyone_a_majority_of_its_own(cluster) -> None:
    view, order = cluster
    links = partition("majorities-ring", view, order).links
    windows = [heard(node, order, links) for node in order]
    assert all(len(window) >= len(order) // 2 + 1 for window in windows)
    assert len(set(windows)) == len(order)


def test_majorities_ring_of_five_by_hand() -> None:
    order = ("a", "b", "c", "d", "e")
    links = partition("majorities-ring", View(order), order).links
    windows = {node: "".join(sorted(heard(node, order, links))) for node in order}
    assert windows == {"a": "abe", "b": "abc", "c": "bcd", "d": "cde", "e": "ade"}


@given(clusters(3))
def test_bridge_is_the_only_way_between_two_halves(cluster) -> None:
    view, order = cluster
    links = partition("bridge", view, order).links
    bridge = [node for node in order if heard(node, order, links) == frozenset(order)]
    assert bridge == [order[0]]
    sides = {heard(node, order, links) - {order[0]} for node in order[1:]}
    assert len(sides) == 2
    assert abs(len(min(sides, key=len)) - len(max(sides, key=len))) <= 1
    assert not frozenset.intersection(*sides)


@given(clusters(2))
def test_halves_and_single_cuts(cluster) -> None:
    view, order = cluster
    sides = {heard(node, order, partition("halves", view, order).links) for node in order}
    assert sorted(map(len, sides)) == sorted([len(order) // 2, len(order) - len(order) // 2])
    alone = {"one": order[0], "leader": view.leader or order[0]}
    for shape, node in alone.items():
        cut = partition(shape, view, order)
        assert set(cut.links) == set(between([node], set(order) - {node}))
        assert heard(node, order, cut.links) == {node}
        assert node in cut.shape
        assert ("unknown" in cut.shape) is (shape == "leader" and view.leader is None)


@given(clusters(2))
def test_one_way_is_all_of_one_direction_of_one_node(cluster) -> None:
    view, order = cluster
    links = partition("one-way", view, order).links
    node, others = order[0], order[1:]
    assert set(links) in (set(one_way([node], others)), set(one_way(others, [node])))


def test_one_way_takes_both_directions_for_every_node() -> None:
    from itertools import permutations

    nodes = ("a", "b", "c")
    found = {partition("one-way", View(nodes), order).shape for order in permutations(nodes)}
    assert found == {f"one-way: {way} of {node}" for way in ("incoming", "outgoing") for node in nodes}


@given(clusters())
def test_clients_lose_a_node_or_a_minority(cluster) -> None:
    view, order = cluster
    links = partition("clients", view, order).links
    lost = {link.source for link in links} - {CLIENTS}
    assert len(lost) in (1, max(1, (len(order) - 1) // 2))
    assert set(links) == set(between([CLIENTS], lost))


SIZES = {"one": lambda n: 1, "leader": lambda n: 1, "minority": lambda n: (n - 1) // 2, "all": lambda n: n}


@given(clusters(), st.sampled_from(sorted(targets.MIN_NODES)))
def test_targets_have_their_size(cluster, target) -> None:
    view, order = cluster
    count = len(order)
    if targets.MIN_NODES[target] > count:
        with pytest.raises(NemesisError, match=f"{target!r} needs"):
            chosen(target, view, order)
        return
    nodes, words = chosen(target, view, order)
    assert list(nodes) == sorted(set(nodes))
    assert set(nodes) <= set(order)
    assert len(nodes) == SIZES.get(target, lambda n: n // 2 + 1)(count)
    if target == "leader":
        assert nodes == (view.leader or order[0],)
        assert ("unknown" in words) is (view.leader is None)


def test_a_leader_from_elsewhere_is_refused() -> None:
    with pytest.raises(NemesisError, match="'x' is none of the nodes a, b"):
        partition("leader", View(("a", "b"), "x"), ("a", "b"))


def test_muted_says_who_no_longer_hears_whom() -> None:
    links = [Link("b", "a"), Link("c", "a"), Link("a", CLIENTS), Link("b", "a")]
    assert dict(muted(links)) == {"a": ("b", "c"), CLIENTS: ("a",)}


@pytest.mark.parametrize("links", [(), (Link("a", "b"),)])
def test_equal_links_are_equal_partitions(links: tuple[Link, ...]) -> None:
    assert Partition(links, "x") == Partition(tuple(links), "x")
