"""Directed schedules for bugs that chance rarely meets; each returns what was wrong, None if nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

from systems.core import MILLISECOND_NS, Core, Effect
from systems.raft.core import RaftCore
from systems.raft.messages import Register
from systems.shells.sim import Simulation
from systems.shells.sim_parts import Network
from tests.systems.raft.invariants import Invariants, RaftBroken


def hasty_voter(seed: int, bug: str) -> str | None:
    """Two candidates that cannot see each other, and a voter that is killed and restarted again and again."""
    invariants = Invariants()
    options = {"election_ms": "40", "heartbeat_ms": "15", "bug": bug}
    network = Network(delay_ns=(MILLISECOND_NS, 25 * MILLISECOND_NS), loss=0.0)
    sim = Simulation(RaftCore, ("n1", "n2", "n3"), seed, options, network, invariants)
    sim.partition([("n1", "n2"), ("n2", "n1")])
    for ms in range(5, 1000, 5):
        sim.at(ms * MILLISECOND_NS, lambda: sim.crash("n3"))
        sim.at((ms + 1) * MILLISECOND_NS, lambda: sim.restart("n3"))
    try:
        sim.run_until(1000 * MILLISECOND_NS)
    except RaftBroken as broken:
        return str(broken)
    return None


class _Figure8:
    """The cluster of the paper's figure 8; `open` are the links that carry messages."""

    def __init__(self, seed: int, bug: str) -> None:
        self._invariants = Invariants()
        self._when: Callable[[str, RaftCore], bool] = lambda _name, _core: False
        self._then: list[tuple[str, str]] = []
        # The priorities settle who is elected: n1 if it runs, else n5.
        options = {
            "election_ms": "100",
            "heartbeat_ms": "30",
            "priority": "n1=2,n5=1",
            "batch": "1",
            "bug": bug,
        }
        network = Network(delay_ns=(MILLISECOND_NS, MILLISECOND_NS), slow=0.0, loss=0.0, duplicate=0.0)
        members = ("n1", "n2", "n3", "n4", "n5")
        self.sim = Simulation(RaftCore, members, seed, options, network, self._observe)
        self.sim.run_until(0)  # all have started

    def _observe(self, name: str, core: Core, effects: Sequence[Effect]) -> None:
        self._invariants(name, core, effects)
        assert isinstance(core, RaftCore)
        if self._when(name, core):
            self._open(self._then)
            if core.role == "leader":
                self.sim.request(name, Register(), lambda _result: None)
            self._when = lambda _name, _core: False

    def _open(self, links: list[tuple[str, str]]) -> None:
        self.sim.partition(link for link in permutations(self.sim.members, 2) if link not in links)

    def phase(
        self, up: str, when: Callable[[str, RaftCore], bool], then: list[tuple[str, str]], ms: int
    ) -> None:
        """Restart the nodes of `up`, all seeing each other; at the moment `when`, the links become `then`; a
        leader it is seen at is given a command by a client.
        """
        for name in self.sim.members:
            self.sim.crash(name)  # all of them, so that their timeouts start together
        self._open(list(permutations(up.split(), 2)))
        self._when, self._then = when, then
        for name in up.split():
            self.sim.restart(name)
        self.sim.run_until(self.sim.now + ms * MILLISECOND_NS)


def figure_8(seed: int, bug: str) -> str | None:
    """The paper's figure 8: an entry of an old term on a majority, replaced by a leader that lacks it."""
    run = _Figure8(seed, bug)

    def leads(who: str) -> Callable[[str, RaftCore], bool]:
        return lambda name, core: name == who and core.role == "leader"

    try:
        # (a) n1 leads; its entry reaches n2 only.
        run.phase("n1 n2 n3 n4 n5", leads("n1"), [("n1", "n2"), ("n2", "n1")], 200)
        # (b) n5, without that entry, leads a later term by the votes of n3 and n4; its own entry reaches
        # nobody.
        run.phase("n3 n4 n5", leads("n5"), [], 400)
        # (c) n1 leads again and copies the old entry to n3: it is on a majority. Its newer entry does not
        # get there.
        run.phase(
            "n1 n2 n3",
            lambda name, core: name == "n3" and core.replica.log.last_index == 1,
            [("n3", "n1"), ("n1", "n2"), ("n2", "n1")],
            400,
        )
        # (d) n5 leads again by the votes of n3 and n4.
        run.phase("n3 n4 n5", lambda _name, _core: False, [], 600)
    except RaftBroken as broken:
        return str(broken)
    return None
