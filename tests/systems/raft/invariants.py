"""Raft's safety properties (figure 3), checked over a simulated cluster after every step.

Election safety: at most one leader per term. State machine safety: no two nodes ever commit different
entries at one index, and snapshots up to one index are the same bytes. Leader completeness: an entry that was
committed stands in the log of every later leader when it takes office. Log matching: if two logs hold an
entry with the same index and term, they agree up to it (compared for the whole cluster by `finish`). What
stands before a log's base is vouched for by the snapshot and by those who committed it entry by entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from systems.core import Core, Effect, Trace
from systems.raft.core import RaftCore
from systems.raft.messages import Entry
from systems.shells.sim import Simulation


class RaftBroken(AssertionError):
    """A safety property of Raft does not hold."""


class Invariants:
    """An observer for `Simulation`; raises `RaftBroken`. snapshots: at how many indices there was one."""

    def __init__(self) -> None:
        self.snapshots = 0
        self._leaders: dict[int, str] = {}
        # By index: the entry, and the term in which it was first seen to be committed. What a step both
        # applied and covered by a snapshot is missing here, and compared as a state.
        self._committed: dict[int, tuple[Entry, int]] = {}
        self._states: dict[int, bytes] = {}  # what was snapshot, by index
        self._checked: dict[
            str, tuple[int, int]
        ] = {}  # node -> (id of its core, commit index already compared)

    def __call__(self, name: str, core: Core, effects: Sequence[Effect]) -> None:
        assert isinstance(core, RaftCore)
        self._state_machine_safety(name, core)
        self._same_snapshots(name, core)
        for effect in effects:
            if isinstance(effect, Trace) and effect.fields["role"] == "leader":
                self._election_safety(name, effect.fields["term"])
                self._leader_completeness(name, core, effect.fields["term"])

    def _election_safety(self, name: str, term: int) -> None:
        if self._leaders.setdefault(term, name) != name:
            raise RaftBroken(f"term {term} has two leaders: {self._leaders[term]} and {name}")

    def _state_machine_safety(self, name: str, core: RaftCore) -> None:
        incarnation, done = self._checked.get(name, (0, 0))
        log = core.replica.log
        first = done if incarnation == id(core) else 0
        self._checked[name] = (id(core), core.replica.commit)
        for index in range(max(first, log.base_index) + 1, core.replica.commit + 1):
            if index > log.last_index:
                raise RaftBroken(f"{name} has lost index {index}, which it had committed")
            entry = log.entry(index)
            held, _ = self._committed.setdefault(index, (entry, core.replica.term))
            if held != entry:
                raise RaftBroken(f"index {index} was committed as {held}, at {name} as {entry}")

    def _same_snapshots(self, name: str, core: RaftCore) -> None:
        snapshot = core.replica.snapshot
        if snapshot is None:
            return
        self.snapshots += snapshot.index not in self._states
        if self._states.setdefault(snapshot.index, snapshot.state) != snapshot.state:
            raise RaftBroken(f"snapshot at index {snapshot.index} differs at {name}")

    def _leader_completeness(self, name: str, core: RaftCore, term: int) -> None:
        log = core.replica.log
        for index, (entry, seen_in) in self._committed.items():
            if seen_in >= term or index <= log.base_index:
                continue  # the property speaks of later leaders only
            if index > log.last_index or log.entry(index) != entry:
                raise RaftBroken(f"{name} leads term {term} without index {index}: {entry}")

    @staticmethod
    def finish(sim: Simulation) -> None:
        """Compare the logs of all nodes, pair by pair."""
        cores = [c for c in map(sim.core, sim.members) if isinstance(c, RaftCore)]
        for one, other in combinations(cores, 2):
            a, b = one.replica.log, other.replica.log
            first = max(a.base_index, b.base_index) + 1
            both = range(first, min(a.last_index, b.last_index) + 1)
            same = [i for i in both if a.term_at(i) == b.term_at(i)]
            for i in range(first, max(same, default=0) + 1):
                if a.entry(i) != b.entry(i):
                    raise RaftBroken(f"logs agree at index {max(same)} but differ at {i}")
