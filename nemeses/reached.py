"""The table of faults on a machine that is reached over the very network that is cut: the same as in
`nemeses.linux`, but for two things.

The clients' end of a link is not a place of ours there, so what must not reach clients is stopped where it
leaves: a packet that is dropped there is an error to a sender by UDP ("operation not permitted"), which no
partition is, so it is made one that nobody takes (of IP version 5) and vanishes at the first hop. And the way
in, SSH's port, passes before any rule of a fault is looked at, so the controller is never cut off from what
it has to heal. Nothing is executed here.

Laws: as in `nemeses.linux`: the table and its chains are fixed, an undo is a flush of both, a rule counts
what it drops.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from nemeses.faults import CLIENTS, Partition
from nemeses.linux import CHAIN, Counter, packets_of

TABLE = "inet splitbrain"
TOLD = f"{TABLE} told"  # by this machine, to clients
VANISH = "ip version set 5"
LIST = ("nft", "-j", f"list table {TABLE}")
LIST_AND_FLUSH = ("nft", "-j", f"list table {TABLE}; flush chain {CHAIN}; flush chain {TOLD}")
REMOVE = ("nft", f"add table {TABLE}; delete table {TABLE}")  # harmless if it is not there

# A table of its own for a trial: a packet that this machine sends to itself is dropped and counted.
TRIAL = "inet splitbrain_trial"
TRIAL_PORT = 9
TRIAL_LIST = ("nft", "-j", f"list table {TRIAL}")
TRIAL_REMOVE = ("nft", f"delete table {TRIAL}")  # apart: some releases of nft crash on both at once
TRIAL_INSTALL = (
    "nft",
    f"add table {TRIAL}; delete table {TRIAL}; table {TRIAL} {{\n chain faults {{\n"
    "  type filter hook input priority 0; policy accept;\n"
    f'  ip saddr 127.0.0.1 udp dport {TRIAL_PORT} counter drop comment "trial"\n }}\n}}\n',
)


def install_argv(ssh_port: int) -> tuple[str, ...]:
    """Makes the table, with empty chains; `ssh_port` is sshd's. Takes away what an earlier one had."""
    rules = (
        f"table {TABLE} {{\n chain faults {{\n }}\n chain told {{\n }}\n"
        " chain arriving {\n  type filter hook input priority 0; policy accept;\n"
        f"  tcp dport {ssh_port} accept\n  jump faults\n }}\n"
        " chain leaving {\n  type filter hook output priority 0; policy accept;\n"
        f"  tcp sport {ssh_port} accept\n  jump told\n }}\n}}\n"
    )
    return ("nft", f"add table {TABLE}; delete table {TABLE}; {rules}")


def cut_argvs(partition: Partition, seen_from: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """Node -> the command to run there. seen_from: node -> place (CLIENTS included) -> the address that the
    node knows it by."""
    rules: dict[str, list[str]] = defaultdict(list)
    for link in sorted(set(partition.links)):
        source, target = link.source, link.target
        if target == CLIENTS:
            address = seen_from[source][CLIENTS]
            rules[source].append(f'add rule {TOLD} ip daddr {address} counter {VANISH} comment "{source}"')
        else:
            address = seen_from[target][source]
            rules[target].append(f'add rule {CHAIN} ip saddr {address} counter drop comment "{source}"')
    return {node: ("nft", "; ".join(lines)) for node, lines in rules.items()}


def parse_counters(listings: Mapping[str, bytes]) -> dict[str, tuple[Counter, ...]]:
    """Receiver -> what its rules have dropped, of the answers to LIST or LIST_AND_FLUSH by node. Raises
    ValueError for what is no such answer."""
    found: dict[str, list[Counter]] = {node: [] for node in listings}
    for node, listing in listings.items():
        rules = [item["rule"] for item in json.loads(listing)["nftables"] if "rule" in item]
        for rule in rules:
            if rule["chain"] in ("faults", "told"):
                receiver = node if rule["chain"] == "faults" else CLIENTS
                counter = Counter(rule["comment"], packets_of(rule["expr"]))
                found.setdefault(receiver, []).append(counter)
    return {receiver: tuple(counters) for receiver, counters in found.items()}
