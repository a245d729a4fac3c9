"""Faults carried out on a cluster of this machine, its nodes processes or containers: what `nemeses.linux`
says is run, and what came of it is seen.

Laws: a fault that does not land is evidence, never an exception; an undo flushes every chain whatever was
done; faults and undos happen one after another, from whatever threads they are asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.deploy.seam import Completed, Links, Member, Places, Seen
from harness.errors import EnvironmentFault, HarnessBug
from nemeses import linux
from nemeses.faults import Evidence, Fault, Kill, Partition, Pause


class ReceiverRules:
    """`Links` cut where packets arrive: every place has the table of faults, the clients' as well."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def cut(self, fault: Partition) -> Seen:
        """Add its rules."""
        commands = linux.cut_argvs(fault, self._places.addresses)
        self._places.run(commands)
        return _counters(self._places.run(dict.fromkeys(commands, linux.LIST)))

    def mend(self) -> Seen:
        """Flush every chain."""
        return _counters(self._places.run(dict.fromkeys(self._places.addresses, linux.LIST_AND_FLUSH)))


class NoRules:
    """`Links` of a cluster without tables of faults: there is nothing to mend, and a cut is refused."""

    def cut(self, fault: Partition) -> Seen:
        """Never done."""
        raise EnvironmentFault(f"a partition ({fault.shape}) in a network that was made without nft tables")

    def mend(self) -> Seen:
        """All links are open."""
        return {}


class Faults:
    """The faults of one cluster."""

    def __init__(self, links: Links, nodes: Mapping[str, Member]) -> None:
        self._links = links
        self._nodes = nodes
        self._lock = threading.Lock()

    def apply(self, fault: Fault) -> Evidence:
        """Do it; say how it was seen to bite."""
        with self._lock:
            match fault:
                case Partition():
                    return _observed(lambda: self._cut(fault))
                case Kill():
                    return self._each(fault.nodes, lambda node: node.kill())
                case Pause():
                    return self._each(fault.nodes, lambda node: node.pause())
                case _:
                    raise TypeError(f"no such fault on Linux: {fault!r}")  # admission refuses it

    def undo(self, fault: Fault) -> Evidence:
        """Take it back; a partition's evidence is what was dropped meanwhile."""
        with self._lock:
            match fault:
                case Partition():
                    return _observed(lambda: self._mend(fault))
                case Kill():
                    return self._each(fault.nodes, lambda node: node.revive())
                case Pause():
                    return self._each(fault.nodes, lambda node: node.resume())
                case _:
                    raise TypeError(f"no such fault on Linux: {fault!r}")

    def heal(self) -> Evidence:
        """Open every link, continue every node, start every node again that a fault killed."""
        with self._lock:
            opened = _observed(self._open_all)
            # Nodes that are as they should be need no line each.
            continued = self._each(tuple(self._nodes), lambda node: node.resume(), keep=("indeterminate",))
            running = self._each(tuple(self._nodes), lambda node: node.revive(), keep=("indeterminate",))
            return linux.combined([opened, continued, running])

    def _cut(self, fault: Partition) -> Evidence:
        if not fault.links:
            return Evidence("skipped", ("there is no link to cut",))
        return linux.cut_evidence(fault, self._links.cut(fault))

    def _mend(self, fault: Partition) -> Evidence:
        return linux.heal_evidence(fault, self._links.mend())

    def _open_all(self) -> Evidence:
        self._links.mend()
        return Evidence("installed", ("all links open",))

    def _each(
        self,
        names: Sequence[str],
        act: Callable[[Member], Evidence],
        keep: Sequence[str] = ("installed", "skipped", "indeterminate"),
    ) -> Evidence:
        unknown = sorted(set(names) - set(self._nodes))
        if unknown or not names:
            raise HarnessBug(
                f"a fault for {', '.join(unknown) or 'no node'}; nodes: {', '.join(self._nodes)}"
            )
        # Side by side, so that "all" are hit at one time and not one after the other has been seen to be.
        with ThreadPoolExecutor(len(names)) as pool:
            parts = list(pool.map(act, (self._nodes[name] for name in names)))
        return linux.combined([p if p.status in keep else Evidence(p.status) for p in parts])


def _counters(listed: Mapping[str, Completed]) -> dict[str, tuple[linux.Counter, ...]]:
    return {place: linux.parse_counters(done.stdout) for place, done in listed.items()}


def _observed(act: Callable[[], Evidence]) -> Evidence:
    try:
        return act()
    except EnvironmentFault as error:
        return Evidence("indeterminate", tuple(str(error).splitlines()))
