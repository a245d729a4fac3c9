"""What a fault, its undo and its evidence mean on Linux: argument vectors and nft rules; nothing is executed
here.

Each node has the nft table `inet splitbrain` with one chain that looks at incoming packets. A partition is a
set of rules in it, one per source that the node must not hear, each with a counter: cutting A -> B is done at
B. The clients' place has the same table for what must not reach clients. Kill and pause are signals.

Laws: the table and the chain are fixed, so an undo is a flush of the chain whatever was done; a rule counts
what it drops, so that a cut which never met a packet is known as such.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from nemeses.faults import Evidence, Partition
from nemeses.topology import muted

CHAIN = "inet splitbrain faults"
INSTALL = (
    "table inet splitbrain {\n chain faults {\n  type filter hook input priority 0; policy accept;\n }\n}\n"
    f"flush chain {CHAIN}\n"
)
LIST = ("nft", "-j", f"list chain {CHAIN}")
LIST_AND_FLUSH = (
    "nft",
    "-j",
    f"list chain {CHAIN}; flush chain {CHAIN}",
)  # the list shows the chain before the flush

Signal = Literal["KILL", "STOP", "CONT", "TERM"]


class Counter(NamedTuple):
    """What one rule has dropped: packets from `source` (a node's name or CLIENTS)."""

    source: str
    packets: int


class ProcStat(NamedTuple):
    """The head of /proc/PID/stat. `state` is one letter: R, S, D, T (stopped), Z (zombie), ..."""

    pid: int
    state: str
    parent: int
    session: int


def install_argv() -> tuple[str, ...]:
    """Makes the table and its empty chain; harmless if they are there."""
    return ("nft", INSTALL)


def cut_argvs(partition: Partition, addresses: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Receiver -> the command to run there. `addresses` has every name that occurs, CLIENTS included."""
    return {
        receiver: ("nft", "; ".join(_rule(source, addresses[source]) for source in sources))
        for receiver, sources in muted(partition.links).items()
    }


def _rule(source: str, address: str) -> str:
    return f'add rule {CHAIN} ip saddr {address} counter drop comment "{source}"'


def signal_argv(signal: Signal, pids: Sequence[int]) -> tuple[str, ...]:
    """Send `signal` to every one of `pids`."""
    return ("kill", f"-{signal}", "--", *map(str, pids))


def parse_counters(listing: bytes) -> tuple[Counter, ...]:
    """The counters in the answer to LIST or LIST_AND_FLUSH. Raises ValueError if it is not such an answer."""
    rules = [item["rule"] for item in json.loads(listing)["nftables"] if "rule" in item]
    return tuple(Counter(rule["comment"], packets_of(rule["expr"])) for rule in rules)


def packets_of(expressions: Iterable[Mapping[str, Mapping[str, int]]]) -> int:
    """What the counter among a rule's expressions has counted. Raises ValueError if there is none."""
    for expression in expressions:
        if "counter" in expression:
            return expression["counter"]["packets"]
    raise ValueError("a rule without a counter in the chain of faults")


def parse_stat(text: str) -> ProcStat:
    """The content of /proc/PID/stat (proc(5)).

    The command's name may hold spaces and brackets, so read from its end.
    """
    pid, _, rest = text.partition(" ")
    fields = rest.rpartition(")")[2].split()
    return ProcStat(int(pid), fields[0], int(fields[1]), int(fields[3]))


def cut_evidence(partition: Partition, seen: Mapping[str, Sequence[Counter]]) -> Evidence:
    """Whether every rule is in the kernel after a cut; `seen`: receiver -> its counters."""
    missing = [
        f"{receiver}: no rule against {source}"
        for receiver, sources in muted(partition.links).items()
        for source in sources
        if source not in {counter.source for counter in seen.get(receiver, ())}
    ]
    if missing:
        return Evidence("indeterminate", tuple(missing))
    return Evidence("installed", (f"{len(partition.links)} rules in place",))


def heal_evidence(partition: Partition, seen: Mapping[str, Sequence[Counter]]) -> Evidence:
    """What the rules had dropped when flushed; a cut that dropped nothing, or was gone, is indeterminate."""
    held = cut_evidence(partition, seen)
    if held.status != "installed":
        return held
    counters = [(node, counter) for node in sorted(seen) for counter in seen[node] if counter.packets]
    if not counters:
        return Evidence("indeterminate", ("no packet was dropped",))
    return Evidence(
        "installed", tuple(f"{node}: {c.packets} packets from {c.source} dropped" for node, c in counters)
    )


def combined(parts: Sequence[Evidence]) -> Evidence:
    """Evidence of several nodes as one: doubt about one is doubt about all; skipped only if all were."""
    lines = tuple(line for part in parts for line in part.lines)
    states = {part.status for part in parts}
    if "indeterminate" in states:
        return Evidence("indeterminate", lines)
    return Evidence("installed" if "installed" in states else "skipped", lines)
