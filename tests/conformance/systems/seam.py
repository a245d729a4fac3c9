"""What the body of tests needs of a cluster, whichever shell runs it, and the systems that are run.

Invariants: an outcome means the same in both shells: "ok" was acknowledged, "fail" never happened and never
will, "info" may have happened or may yet happen; an adapter never repeats an operation. New clients are dealt
out over the nodes. Time is the shell's own: the body waits only in `until`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from systems import kv
from systems.api import LEADING_ROLES, Invocation, RoleChange
from systems.core import CoreFactory
from systems.paxos.core import PaxosCore
from systems.paxos.system import Paxos
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.system import PrimaryBackup
from systems.raft.core import RaftCore
from systems.raft.system import Raft

LIMIT_S = 20  # of the shell's own time, for any condition


class Answer(NamedTuple):
    """How an operation ended; `value` is its value if "ok", else the reason."""

    kind: Literal["ok", "fail", "info"]
    value: kv.Value


class Cluster(Protocol):
    """Three nodes of one system. Faults that are there already, and undoings of none, do nothing."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """All members."""

    def do(self, op: Invocation, at: str | None = None) -> Answer:
        """Perform `op` once, as a client; `at` is the node that a new client asks first."""

    def told(self, node: str, key: str) -> kv.Result | None:
        """What `node`, asked alone, says to a read of `key`; None if it says nothing in time."""

    def crash(self, node: str) -> None:
        """Kill -9: what is on its disk remains, and nothing else."""

    def restart(self, node: str) -> None:
        """Start a crashed node on its disk."""

    def pause(self, node: str) -> None:
        """Stop a node where it stands."""

    def resume(self, node: str) -> None:
        """Let a paused node go on."""

    def leader(self) -> str | None:
        """The running node that leads in the highest term, by what the nodes traced since they started."""

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Let time pass until `condition` holds; AssertionError naming `what` after LIMIT_S."""


@dataclass(frozen=True, slots=True)
class Case:
    """A system as both shells know it; `options` are those of its nodes and of its clients."""

    plugin: Any  # of `systems.api`: node, client and logic
    factory: CoreFactory
    options: Mapping[str, str]


CASES: Mapping[str, Case] = {
    "raft": Case(Raft(), RaftCore, {"election_ms": "250", "heartbeat_ms": "40"}),
    "paxos": Case(Paxos(), PaxosCore, {"election_ms": "350", "heartbeat_ms": "40"}),
    "primary-backup-sync": Case(
        PrimaryBackup(),
        PrimaryBackupCore,
        {"mode": "sync", "takeover_ms": "350", "heartbeat_ms": "40"},
    ),
}


def leading(changes: Iterable[RoleChange], crashed_ns: Mapping[str, int], down: Iterable[str]) -> str | None:
    """Who leads, by `changes` in order of time; `crashed_ns` says when a node crashed last."""
    latest = {c.node: c for c in changes if c.time_ns > crashed_ns.get(c.node, -1)}
    leaders = [c for c in latest.values() if c.role in LEADING_ROLES and c.node not in down]
    return max(leaders, key=lambda c: c.term).node if leaders else None
