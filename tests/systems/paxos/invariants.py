"""Multi-Paxos' safety properties, checked over a simulated cluster after every batch of effects.

- Proposals: in one ballot at most one value is voted for in a slot.
- Agreement: at most one value is chosen in a slot, that is, voted for by a majority in one ballot. Counted
  from what reached the disks, by nobody who takes part.
- Learning: what any learner knows in a slot is what was chosen there, so all learners apply the same.
- Ballots never fall: an acceptor writes no vote below the promise it wrote before, crashes or not.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems.core import Core, Effect, Persist
from systems.paxos.core import PaxosCore
from systems.paxos.messages import ZERO, Ballot, Promised, Value, Voted


class PaxosBroken(AssertionError):
    """A safety property of Paxos does not hold."""


class Invariants:
    """An observer for `Simulation`; raises `PaxosBroken`."""

    def __init__(self) -> None:
        self.chosen: dict[int, Value] = {}
        self._proposed: dict[tuple[int, Ballot], Value] = {}
        self._voters: dict[tuple[int, Ballot], set[str]] = {}
        self._promised: dict[str, Ballot] = {}
        self._compared: dict[str, tuple[int, int]] = {}  # node -> (id of its core, slots already compared)

    def __call__(self, name: str, core: Core, effects: Sequence[Effect]) -> None:
        assert isinstance(core, PaxosCore)
        for effect in effects:
            if isinstance(effect, Persist):
                self._written(name, effect.record, len(core.site.members) // 2 + 1)
        self._learning(name, core)

    def _written(self, name: str, record: Promised | Voted, majority: int) -> None:
        before = self._promised.get(name, ZERO)
        if record.ballot < before:
            raise PaxosBroken(f"{name} takes part in {record.ballot} after its promise of {before}")
        self._promised[name] = record.ballot
        if isinstance(record, Voted):
            for slot, value in enumerate(record.values, record.first):
                self._voted(name, slot, record.ballot, value, majority)

    def _voted(self, name: str, slot: int, ballot: Ballot, value: Value, majority: int) -> None:
        if self._proposed.setdefault((slot, ballot), value) != value:
            raise PaxosBroken(
                f"two values in slot {slot}, {ballot}: {self._proposed[slot, ballot]} and {value}"
            )
        voters = self._voters.setdefault((slot, ballot), set())
        voters.add(name)
        if len(voters) >= majority and self.chosen.setdefault(slot, value) != value:
            raise PaxosBroken(f"two values are chosen in slot {slot}: {self.chosen[slot]} and {value}")

    def _learning(self, name: str, core: PaxosCore) -> None:
        incarnation, done = self._compared.get(name, (0, 0))
        values = core.site.learner.values
        for slot in range((done if incarnation == id(core) else 0) + 1, len(values) + 1):
            if slot not in self.chosen:
                raise PaxosBroken(f"{name} learnt {values[slot - 1]} in slot {slot}, where nothing is chosen")
            if self.chosen[slot] != values[slot - 1]:
                raise PaxosBroken(f"{name} learnt {values[slot - 1]} in slot {slot}, not {self.chosen[slot]}")
        self._compared[name] = (id(core), len(values))
