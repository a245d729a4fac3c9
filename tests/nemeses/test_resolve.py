"""Faults from specs, and in words."""

from __future__ import annotations

import random

import msgspec
import pytest

from nemeses import chase
from nemeses.catalogue import CATALOGUE
from nemeses.errors import NemesisError
from nemeses.faults import Fault, FaultSpec, Kill, Link, Partition, Restarts, View
from nemeses.resolve import describe, resolve, targets_of

NODES = ("n1", "n2", "n3", "n4", "n5")
ORDER = ("n3", "n1", "n5", "n2", "n4")


def words(kind: str, shape: str, leader: str | None = "n1", order: tuple[str, ...] = ORDER) -> str:
    return describe(resolve(FaultSpec(kind, shape, order), View(NODES, leader)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "shape", "text"),
    [
        ("partition", "one", "cut n3 from n1, n2, n4, n5 (one: n3)"),
        ("partition", "leader", "cut n1 from n2, n3, n4, n5 (leader: n1)"),
        ("partition", "halves", "cut n1, n3 from n2, n4, n5 (halves)"),
        ("partition", "bridge", "cut n1, n5 from n2, n4 (bridge: n3)"),
        ("partition", "clients", "cut n1, n3 from clients (clients)"),
        ("partition", "one-way", "drop packets from n3 to n1, n2, n4, n5 (one-way: outgoing of n3)"),
        ("kill", "leader", "kill n1 (leader)"),
        ("kill", "minority", "kill n1, n3 (minority)"),
        ("pause", "majority", "pause n1, n3, n5 (majority)"),
        ("pause", "all", "pause n1, n2, n3, n4, n5 (all)"),
        ("members", "remove", "take n3 out of the cluster (remove)"),
        ("members", "remove-leader", "take n1 out of the cluster (leader: n1)"),
        ("members", "remove-two", "take n3, n5 out of the cluster (remove-two)"),
        ("members", "transfer", "hand leadership over to n3 (transfer)"),
        ("restarts", "rolling", "restart n3, n1, n5, n2, n4 in turn every 300 ms (rolling)"),
        ("restarts", "bridge", "restart n3, all that connects two halves, every 45 ms (bridge)"),
        ("chase", "minority", "cut off whoever leads and 1 more, every 70 ms anew (minority)"),
    ],
)
def test_faults_in_words(kind: str, shape: str, text: str) -> None:
    said = words(kind, shape)
    if shape == "clients":
        assert said in (text, "cut clients from n1, n3 (clients)")
    else:
        assert said == text


def test_ring_in_words() -> None:
    said = words("partition", "majorities-ring")
    assert said == "cut n1|n2, n1|n4, n2|n3, n3|n5, n4|n5 (majorities-ring: n3-n1-n5-n2-n4-n3)"


def test_incoming_in_words() -> None:
    said = words("partition", "one-way", order=("n3", "n1", "n5", "n4", "n2"))
    assert said == "drop packets from n1, n2, n4, n5 to n3 (one-way: incoming of n3)"


def test_an_unknown_leader_is_told() -> None:
    assert words("partition", "leader", None).endswith("(leader unknown, first in order: n3)")
    assert words("kill", "leader", None) == "kill n3 (leader unknown, first in order)"


def test_links_without_a_pattern_are_listed() -> None:
    two = Partition((Link("a", "b"), Link("b", "c")), "x")
    assert describe(two) == "drop packets a>b, b>c (x)"
    assert describe(Partition((), "x")) == "cut nothing (x)"


def test_targets_are_nodes_alone() -> None:
    assert targets_of(Partition((Link("clients", "n2"), Link("n1", "clients")), "x")) == ("n1", "n2")
    assert targets_of(Kill(("n2", "n1"))) == ("n1", "n2")


@pytest.mark.parametrize(("kind", "shape"), [(k, s) for k, info in CATALOGUE.items() for s in info.shapes])
def test_every_fault_resolves_the_same_again_and_survives_json(kind: str, shape: str) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        spec = FaultSpec(kind, shape, tuple(rng.sample(NODES, 5)))  # type: ignore[arg-type]
        view = View(NODES, rng.choice([None, *NODES]))
        fault = resolve(spec, view)
        assert resolve(spec, view) == fault, seed
        assert msgspec.json.decode(msgspec.json.encode(fault), type=Fault) == fault, seed
        assert msgspec.to_builtins(fault)["kind"] == kind, seed
        assert describe(fault), seed


def test_a_spec_for_other_nodes_is_refused() -> None:
    with pytest.raises(NemesisError, match="n1, n2 cannot hit n1, n3"):
        resolve(FaultSpec("kill", "all", ("n1", "n2")), View(("n1", "n3")))


def test_the_living_are_chosen_first_and_the_dead_do_not_lead() -> None:
    view = View(NODES, NODES[0], NODES[:2])
    for shape in ("one", "leader", "minority"):
        fault = resolve(FaultSpec("pause", shape, NODES), view)
        assert not set(targets_of(fault)) & set(view.down)
    assert set(targets_of(resolve(FaultSpec("pause", "all", NODES), view))) == set(NODES)
    cut = resolve(FaultSpec("partition", "one", NODES), view)
    assert NODES[2] in describe(cut).partition(" from ")[0]


def test_unknown_shapes_are_refused() -> None:
    with pytest.raises(NemesisError, match="no partition shape 'star'"):
        resolve(FaultSpec("partition", "star", NODES), View(NODES))
    with pytest.raises(NemesisError, match="no target 'star'"):
        resolve(FaultSpec("kill", "star", NODES), View(NODES))


def test_a_bridge_that_restarts_is_all_that_connects_the_halves() -> None:
    fault = resolve(FaultSpec("restarts", "bridge", ORDER), View(NODES, None))
    assert isinstance(fault, Restarts)
    halves = {"n1", "n5"}, {"n2", "n4"}
    assert {(link.source, link.target) for link in fault.links} == {
        (a, b) for one, other in (halves, halves[::-1]) for a in one for b in other
    }


@pytest.mark.parametrize(("nodes", "allies"), [(3, 0), (4, 0), (5, 1), (7, 2)])
def test_who_is_chased_is_left_without_a_majority(nodes: int, allies: int) -> None:
    order = tuple(f"n{i}" for i in range(1, nodes + 1))
    fault = chase.chase("minority", order)
    assert fault.allies == allies
    for leader in order:
        cut = {(link.source, link.target) for link in chase.links(fault, leader)}
        with_it = [node for node in order if node == leader or (leader, node) not in cut]
        assert len(with_it) == allies + 1
        assert 2 * len(with_it) < nodes + 1
        assert cut == {pair for a in with_it for b in order if b not in with_it for pair in ((a, b), (b, a))}


@pytest.mark.parametrize("kind", ["restarts", "chase"])
def test_what_simulation_alone_has_knows_its_shapes(kind: str) -> None:
    with pytest.raises(NemesisError, match="odd"):
        resolve(FaultSpec(kind, "odd", ORDER), View(NODES, None))  # type: ignore[arg-type]
