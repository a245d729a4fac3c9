"""Chaos with modes sync and chain: their safety properties, and what is wrong with a run.

At most one primary per epoch, and one chain, which is a majority. No two nodes commit different entries at
one place. A committed entry stands in the log of every later primary when it takes office.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from systems.core import Core, Effect, Send, Trace
from systems.primary_backup.chain_core import ChainCore
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.epochs import EpochCore
from systems.primary_backup.messages import Arrived, Entry
from systems.primary_backup.system import PrimaryBackup
from systems.shells.sim_chaos import FAST, Chaos, run_chaos
from systems.shells.sim_parts import Disk, Network
from tests.systems.linearizable import violation

PLAIN: Mapping[str, Chaos] = {
    mode: Chaos(logic=PrimaryBackup().logic, options={**FAST, "mode": mode}) for mode in ("sync", "chain")
}
DISK = Disk((100_000, 3_000_000), slow=0.05, slow_ns=40_000_000)
RUNS: Mapping[str, Chaos] = {
    f"{mode}-{name}": chaos
    for mode, plain in PLAIN.items()
    for name, chaos in {
        "plain": plain,
        "disk": replace(plain, disk=DISK),
        "network": replace(plain, network=Network(slow=0.2, loss=0.1, duplicate=0.2)),
    }.items()
}


class Broken(AssertionError):
    """A safety property does not hold."""


class Invariants:
    """An observer for `Simulation`; raises `Broken`. chains: that of every epoch that had one."""

    def __init__(self) -> None:
        self.chains: dict[int, tuple[str, ...]] = {}
        self._primaries: dict[int, str] = {}
        self._committed: list[tuple[Entry, int]] = []  # with the epoch in which it was first seen
        self._checked: dict[str, tuple[int, int]] = {}  # node -> (id of its core, length already compared)

    def __call__(self, name: str, core: Core, effects: Sequence[Effect]) -> None:
        assert isinstance(core, PrimaryBackupCore)
        inner = core.inner
        assert isinstance(inner, EpochCore)
        self._same_committed(name, inner, effects)
        if isinstance(inner, ChainCore) and inner.chain:
            self._one_chain(name, inner)
        for effect in effects:
            if isinstance(effect, Trace) and effect.fields["role"] == "primary":
                self._one_primary(name, inner, effect.fields["term"])

    def _one_primary(self, name: str, core: EpochCore, epoch: int) -> None:
        if self._primaries.setdefault(epoch, name) != name:
            raise Broken(f"epoch {epoch} has two primaries: {self._primaries[epoch]} and {name}")
        for place, (entry, seen_in) in enumerate(self._committed):
            if seen_in < epoch and core.replica.log[place : place + 1] != [entry]:
                raise Broken(f"{name}, primary of epoch {epoch}, lacks {entry} at place {place}")

    def _one_chain(self, name: str, core: ChainCore) -> None:
        chain, epoch = core.chain, core.replica.epoch
        if self.chains.setdefault(epoch, chain) != chain:
            raise Broken(f"epoch {epoch} has two chains: {self.chains[epoch]} and {chain} at {name}")
        if len(chain) < core.replica.config.majority:
            raise Broken(f"the chain {chain} of epoch {epoch} is no majority")

    def _same_committed(self, name: str, core: EpochCore, effects: Sequence[Effect]) -> None:
        incarnation, done = self._checked.get(name, (0, 0))
        replica = core.replica
        first = done if incarnation == id(core) else 0
        length = replica.committed
        if isinstance(core, ChainCore) and core.is_tail:
            # It commits as it writes; a node that is killed within its step has not written all of that.
            told = [
                e.message.length for e in effects if isinstance(e, Send) and isinstance(e.message, Arrived)
            ]
            length = max([first, *told])
        self._checked[name] = (id(core), length)
        for place in range(first, length):
            entry = replica.log[place]
            if place == len(self._committed):
                self._committed.append((entry, replica.epoch))
            elif self._committed[place][0] != entry:
                held = self._committed[place][0]
                raise Broken(f"place {place} was committed as {held}, at {name} as {entry}")


def judge(seed: int, chaos: Chaos) -> str | None:
    """What is wrong with this run, None if nothing: its safety properties, then its history."""
    try:
        result = run_chaos(PrimaryBackupCore, seed, chaos, Invariants())
    except Broken as broken:
        return f"{broken} (chaos.options: {chaos.options})"
    return violation(result.history)


def seen(seed: int, options: Mapping[str, str]) -> str | None:
    """What clients see in this run with slow disks, None if nothing. options: a mode, and a bug if any."""
    chaos = PLAIN[options["mode"]]
    chaos = replace(chaos, options={**chaos.options, **options}, disk=DISK)
    return violation(run_chaos(PrimaryBackupCore, seed, chaos).history)
