"""The plug-in API: what a system provides so that it can be deployed, driven and judged.

A system is a class with `node(ctx)` and `client(ctx)`; nothing else is needed and no base class either. The
in-repo systems come in through the same door. Optional attributes are asked for once, in `harness.compose`:

- `options: Mapping[str, str]`: the `-o key=value` options it takes, with their default values; others are
  refused by name.
- `option_help: Mapping[str, str]`: one line of help per option.
- `claims: Mapping[str, str]`: workload name -> what it promises there, by names of `PROMISES` joined by
  commas; a run of a workload that is not listed is refused. "nothing" is judged as "linearizable" all the
  same. May also be a method `claims(options) -> Mapping[str, str]`.
- `check(options, nodes)`: raises ValueError for option values that make no sense, before anything starts.
- `defaults: Mapping[str, str]`: the `workload` and the `nemeses` that a run has if it names none. May also be
  a method `defaults(options)`.
- `bugs: Mapping[str, Bug]`: planted bugs by name, chosen by `-o bug=NAME` (so `options` has a "bug").
- `core(options) -> CoreFactory` and `logic(ctx) -> Logic`: what makes a system run under simulation.
- `role_of(line: str) -> RoleChange | None`: reads one line of a node's log; makes `leader` targets possible.

Invariants: this module is imported by node programs and clients alike, so it imports nothing but the standard
library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

PROMISES: Mapping[str, str] = {
    "linearizable": "every operation takes effect at one moment between its call and its return",
    "convergence": "after the faults are healed, all nodes come to hold the same",
    "sets": "no acknowledged element is lost, none comes from nowhere, none that was removed comes back",
    "counters": "a counter ends as the sum of what was acknowledged, and is never beyond what was asked",
    "deletions": "a value that was removed by a delete does not come back",
    "sessions": "each client reads its own writes and never an older version than before",
    "nothing": "nothing is promised",
}


class Definite(Exception):
    """The operation did not happen and never will."""


class Indefinite(Exception):
    """The operation may have happened, or may still happen."""


class Invocation(NamedTuple):
    """One operation to perform: `f` is "read", "write" or "cas" in the built-in workloads.

    `value` is None for a read, the value for a write, `(old, new)` for a cas.
    `Client.invoke` returns the read value, None for a write, True or False for a cas.
    """

    f: str
    key: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class NodeContext:
    """Where a node will live. Paths are absolute and valid on the node's host.

    addresses: every member's name -> IP address, own name included, same order on every node.
    data_dir: survives kill and restart within one run, empty at first. log_dir: collected after the run.
    python: the interpreter that can import this project's `systems` package.
    seed: this node's own stream of the run's seed.
    """

    name: str
    addresses: Mapping[str, str]
    data_dir: str
    log_dir: str
    options: Mapping[str, str]
    seed: int
    python: str

    @property
    def address(self) -> str:
        """Own IP address."""
        return self.addresses[self.name]


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """How to run one node: a foreground process that the deployment starts, kills and starts again with the
    same argv.

    ports: TCP ports it listens on at its address; the node is ready when all of them accept (none: ready when
    it runs). log_files: paths read by `role_of`, and collected; standard output and standard error are
    collected in any case. files: path -> content, written before the start (paths inside data_dir).
    """

    argv: tuple[str, ...]
    ports: tuple[int, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    log_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientContext:
    """Where a client finds the cluster. `home` is the node this client prefers (clients are dealt out over
    the nodes).

    process: the client's process number, never used twice in a run. timeout_s: one operation's time limit.
    """

    process: int
    home: str
    addresses: Mapping[str, str]
    options: Mapping[str, str]
    timeout_s: float


class Client(Protocol):
    """One client, used by one process at a time. Never retries an operation whose outcome is uncertain on its
    own.
    """

    async def open(self) -> None:
        """Connect, or prepare to. May raise; the harness opens it again before the next operation."""

    async def invoke(self, op: Invocation) -> Any:
        """Perform `op`; raise `Definite` or `Indefinite` (anything else it raises counts as indefinite)."""

    async def close(self) -> None:
        """Give back connections; must not raise."""


@dataclass(frozen=True, slots=True)
class Bug:
    """A planted bug. rule: which textbook rule it breaks, in a line. options: what else must be set for it to
    bite (`-o mode=quorum`).
    """

    rule: str
    options: Mapping[str, str] = field(default_factory=dict)


class System(Protocol):
    """A system under test."""

    def node(self, ctx: NodeContext) -> NodeSpec:
        """How to run the node `ctx.name`."""

    def client(self, ctx: ClientContext) -> Client:
        """A new client, not yet open."""


@dataclass(frozen=True, slots=True)
class RoleChange:
    """At `time_ns` (CLOCK_MONOTONIC of the node's host) `node` took `role` in `term`; `leader` is whom it
    follows.
    """

    time_ns: int
    node: str
    term: int
    role: str
    leader: str | None


LEADING_ROLES = frozenset({"leader", "primary"})


@runtime_checkable
class ChecksOptions(Protocol):
    """Optional: a system that can tell before a run whether its options make sense."""

    def check(self, options: Mapping[str, str], nodes: Sequence[str]) -> None:
        """Raise ValueError, naming the option and the fix, for what `nodes` could not run with."""


@runtime_checkable
class Simulates(Protocol):
    """Optional: a system that can be simulated."""

    def core(self, options: Mapping[str, str]) -> Any:
        """A `systems.core.CoreFactory`."""

    def logic(self, ctx: ClientContext) -> Any:
        """A `systems.logic.Logic`: a new client's."""


@runtime_checkable
class ReadsRoles(Protocol):
    """Optional: a system whose logs tell who leads."""

    def role_of(self, line: str) -> RoleChange | None:
        """What this log line says of a role, None if nothing."""
