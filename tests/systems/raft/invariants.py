"""Raft's safety properties (figure 3), checked over a simulated cluster after every step.

Election safety: at most one leader per term. State machine safety: no two nodes ever commit different
entries at one index. Leader completeness: an entry that was committed stands in the log of every later
leader when it takes office. Log matching: if two logs hold an entry with the same index and term, they
agree up to it (compared for the whole cluster by `finish`).
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
    """An observer for `Simulation`; raises `RaftBroken`."""

    def __init__(self) -> None:
        self._leaders: dict[int, str] = {}
        self._committed: list[Entry] = []
        self._seen_in: list[int] = []  # the term in which each was first seen to be committed
        self._checked: dict[
            str, tuple[int, int]
        ] = {}  # node -> (id of its core, commit index already compared)

    def __call__(self, name: str, core: Core, effects: Sequence[Effect]) -> None:
        assert isinstance(core, RaftCore)
        self._state_machine_safety(name, core)
        for effect in effects:
            if isinstance(effect, Trace) and effect.fields["role"] == "leader":
                self._election_safety(name, effect.fields["term"])
                self._leader_completeness(name, core, effect.fields["term"])

    def _election_safety(self, name: str, term: int) -> None:
        if self._leaders.setdefault(term, name) != name:
            raise RaftBroken(f"term {term} has two leaders: {self._leaders[term]} and {name}")

    def _state_machine_safety(self, name: str, core: RaftCore) -> None:
        incarnation, done = self._checked.get(name, (0, 0))
        first = done if incarnation == id(core) else 0
        for i in range(first, core.replica.commit):
            entry = core.replica.log.entry(i + 1)
            if i == len(self._committed):
                self._committed.append(entry)
                self._seen_in.append(core.replica.term)
            if self._committed[i] != entry:
                raise RaftBroken(f"index {i + 1} was committed as {self._committed[i]}, at {name} as {entry}")
        self._checked[name] = (id(core), core.replica.commit)

    def _leader_completeness(self, name: str, core: RaftCore, term: int) -> None:
        log = core.replica.log
        for i, entry in enumerate(self._committed):
            if self._seen_in[i] >= term:
                continue  # the property speaks of later leaders only
            if i >= log.last_index or log.entry(i + 1) != entry:
                raise RaftBroken(f"{name} leads term {term} without index {i + 1}: {entry}")

    @staticmethod
    def finish(sim: Simulation) -> None:
        """Compare the logs of all nodes, pair by pair."""
        cores = [c for c in map(sim.core, sim.members) if isinstance(c, RaftCore)]
        for one, other in combinations(cores, 2):
            a, b = one.replica.log, other.replica.log
            same = [i for i in range(1, min(a.last_index, b.last_index) + 1) if a.term_at(i) == b.term_at(i)]
            for i in range(1, max(same, default=0) + 1):
                if a.entry(i) != b.entry(i):
                    raise RaftBroken(f"logs agree at index {max(same)} but differ at {i}")
