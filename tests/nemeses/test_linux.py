"""What faults mean on Linux: commands, what the kernel answers, and what is concluded from it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nemeses import linux
from nemeses.faults import CLIENTS, Evidence, Link, Partition
from nemeses.linux import Counter

ADDRESSES = {"n1": "10.77.0.10", "n2": "10.77.0.11", CLIENTS: "10.77.0.200"}
CUT = Partition((Link("n1", "n2"), Link(CLIENTS, "n2"), Link("n2", CLIENTS)), "x")
# As nft 1.0.6 printed it, with a rule of each kind of packets counted.
LISTING = (
    b'{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},'
    b' {"chain": {"family": "inet", "table": "splitbrain", "name": "faults", "handle": 1, "type": "filter",'
    b' "hook": "input", "prio": 0, "policy": "accept"}},'
    b' {"rule": {"family": "inet", "table": "splitbrain", "chain": "faults", "handle": 2, "comment": "n1",'
    b' "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},'
    b' "right": "10.77.0.10"}}, {"counter": {"packets": 41, "bytes": 87}}, {"drop": null}]}}]}'
)


def test_links_are_cut_where_they_arrive() -> None:
    rule = "add rule inet splitbrain faults ip saddr"
    assert linux.cut_argvs(CUT, ADDRESSES) == {
        "n2": (
            "nft",
            f'{rule} 10.77.0.200 counter drop comment "clients"; {rule} 10.77.0.10 counter drop comment "n1"',
        ),
        CLIENTS: ("nft", f'{rule} 10.77.0.11 counter drop comment "n2"'),
    }


def test_an_undo_names_no_fault() -> None:
    assert linux.LIST_AND_FLUSH[-1].endswith("; flush chain inet splitbrain faults")


def test_counters_are_read() -> None:
    assert linux.parse_counters(LISTING) == (Counter("n1", 41),)
    document = json.loads(LISTING)
    document["nftables"].pop()
    assert linux.parse_counters(json.dumps(document).encode()) == ()


def test_a_rule_without_counter_is_an_error() -> None:
    with pytest.raises(ValueError, match="without a counter"):
        linux.parse_counters(LISTING.replace(b"counter", b"quota"))


def test_a_cut_is_installed_when_every_rule_is_seen() -> None:
    seen = {"n2": [Counter("n1", 0), Counter(CLIENTS, 0)], CLIENTS: [Counter("n2", 0)]}
    assert linux.cut_evidence(CUT, seen) == Evidence("installed", ("3 rules in place",))
    del seen["n2"][0]
    assert linux.cut_evidence(CUT, seen) == Evidence("indeterminate", ("n2: no rule against n1",))
    assert linux.cut_evidence(CUT, {}).status == "indeterminate"


def test_a_cut_that_dropped_nothing_is_indeterminate() -> None:
    seen = {"n2": [Counter("n1", 0), Counter(CLIENTS, 0)], CLIENTS: [Counter("n2", 0)]}
    assert linux.heal_evidence(CUT, seen) == Evidence("indeterminate", ("no packet was dropped",))
    seen["n2"][0] = Counter("n1", 41)
    assert linux.heal_evidence(CUT, seen) == Evidence("installed", ("n2: 41 packets from n1 dropped",))
    del seen[CLIENTS]
    assert linux.heal_evidence(CUT, seen).status == "indeterminate"


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["installed", "installed"], "installed"),
        (["installed", "skipped"], "installed"),
        (["installed", "indeterminate"], "indeterminate"),
        (["skipped", "indeterminate"], "indeterminate"),
        (["skipped", "skipped"], "skipped"),
        ([], "skipped"),
    ],
)
def test_doubt_about_one_node_is_doubt_about_all(states: list, whole: str) -> None:
    parts = [Evidence(state, (f"line {i}",)) for i, state in enumerate(states)]
    assert linux.combined(parts) == Evidence(whole, tuple(f"line {i}" for i in range(len(states))))  # type: ignore[arg-type]


def test_a_process_with_an_odd_name_is_read() -> None:
    text = "4711 (a) b (T 1 2) T 1 4711 4712 0 -1 4194560 1 2 3"
    assert linux.parse_stat(text) == (4711, "T", 1, 4712)


def test_this_process_is_read() -> None:
    stat = linux.parse_stat(Path("/proc/self/stat").read_text())
    assert (stat.pid, stat.state, stat.parent) == (os.getpid(), "R", os.getppid())
    assert stat.session == os.getsid(0)


def test_signals_are_sent_by_name() -> None:
    assert linux.signal_argv("KILL", [7, 8]) == ("kill", "-KILL", "--", "7", "8")
