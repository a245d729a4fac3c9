"""Rules of a host that is reached over the network they cut."""

from __future__ import annotations

import json

import pytest

from nemeses import reached
from nemeses.faults import CLIENTS, Link, Partition
from nemeses.linux import Counter, cut_evidence, heal_evidence

SEEN = {
    "n1": {"n1": "10.0.0.1", "n2": "10.0.0.2", CLIENTS: "10.0.0.9"},
    "n2": {"n1": "10.1.0.1", "n2": "10.0.0.2", CLIENTS: "10.1.0.9"},
}


def test_the_way_in_passes_before_any_rule_of_a_fault() -> None:
    (_, text) = reached.install_argv(2222)
    for hook, port in (("arriving", "dport"), ("leaving", "sport")):
        chain = text.split(f"chain {hook} {{")[1].split("}")[0]
        assert chain.index(f"tcp {port} 2222 accept") < chain.index("jump")


def test_a_link_is_cut_at_its_receiver_by_the_address_that_one_knows() -> None:
    cut = reached.cut_argvs(Partition((Link("n1", "n2"), Link(CLIENTS, "n2")), ""), SEEN)
    assert set(cut) == {"n2"}
    assert cut["n2"][1].split("; ") == [
        'add rule inet splitbrain faults ip saddr 10.1.0.9 counter drop comment "clients"',
        'add rule inet splitbrain faults ip saddr 10.1.0.1 counter drop comment "n1"',
    ]


def test_what_must_not_reach_clients_vanishes_where_it_leaves() -> None:
    cut = reached.cut_argvs(Partition((Link("n1", CLIENTS),), ""), SEEN)
    rule = f'add rule inet splitbrain told ip daddr 10.0.0.9 counter {reached.VANISH} comment "n1"'
    assert cut == {"n1": ("nft", rule)}
    assert "drop" not in rule  # a UDP sender would be told


def listing(*rules: tuple[str, str, int]) -> bytes:
    found = [
        {"rule": {"chain": chain, "comment": source, "expr": [{"counter": {"packets": packets}}]}}
        for chain, source, packets in rules
    ]
    return json.dumps(
        {"nftables": [{"metainfo": {}}, {"rule": {"chain": "arriving", "expr": []}}, *found]}
    ).encode()


def test_counters_are_told_by_receiver() -> None:
    fault = Partition((Link("n2", "n1"), Link("n1", CLIENTS), Link("n2", CLIENTS)), "")
    seen = reached.parse_counters(
        {"n1": listing(("faults", "n2", 3), ("told", "n1", 4)), "n2": listing(("told", "n2", 0))}
    )
    assert seen == {"n1": (Counter("n2", 3),), "n2": (), CLIENTS: (Counter("n1", 4), Counter("n2", 0))}
    assert cut_evidence(fault, seen).status == "installed"
    assert heal_evidence(fault, seen).lines == (
        "clients: 4 packets from n1 dropped",
        "n1: 3 packets from n2 dropped",
    )
    assert cut_evidence(fault, {"n1": seen["n1"]}).status == "indeterminate"


def test_what_is_no_listing_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        reached.parse_counters({"n1": b"nft: not found"})
