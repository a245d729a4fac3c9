"""A smaller plan that still fails: fewer operations, faults, clients and nodes, and less time.

After Zeller & Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): chunks of the
operations, then smaller ones, are left out as long as the rest fails. A candidate is a scripted plan; as
leaving anything out changes what a simulation leaves to chance, a few streams of chance are tried for each.

Invariants: pure, apart from `fails`; every plan that is kept failed; the answer depends on the plan, `fails`
and the number of tries alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET

from checkers.history import History
from harness.plan import RunPlan, ScriptedOp
from nemeses.plan import FaultPlan, PlannedFault

Item = TypeVar("Item")
Fails = Callable[[RunPlan], bool]
SECOND_NS = 1_000_000_000
TAIL_NS = SECOND_NS  # of the workload, behind its last operation and fault
GAP_NS = SECOND_NS // 2  # what a pause in which nothing happens is shortened to
LEAST_NODES = 3
KEY_CHANCES = 12


def scripted(plan: RunPlan, history: History, quiet_ns: int | None) -> RunPlan:
    """`plan` with the operations that were performed in its run as a script; those of the end left out."""
    ops = [
        ScriptedOp(op.call_ns, op.process % plan.clients, op.f, op.key, op.input)
        for op in history
        if quiet_ns is None or op.call_ns < quiet_ns
    ]
    return msgspec.structs.replace(plan, script=tuple(ops), rate=0.0)


def script_of(plan: RunPlan) -> tuple[ScriptedOp, ...]:
    """The plan's script. Raises ValueError if it has none."""
    if plan.script is UNSET:
        raise ValueError("a plan without a script cannot be made smaller")
    return plan.script


class Shrinker:
    """Makes `plan`, which is scripted and fails, smaller, with at most `tries` runs.

    found: told of every smaller plan, with the number of tries that are left.
    """

    def __init__(
        self, plan: RunPlan, fails: Fails, tries: int, found: Callable[[RunPlan, int], None]
    ) -> None:
        self.best = plan
        self.left = tries
        self._fails = fails
        self._found = found

    def shrink(self, key: str | None = None) -> RunPlan:
        """The smallest that was found. key: one whose operations seem to be what matters."""
        if key is not None:
            # The cheapest large step there is, so worth some more tries.
            ops = tuple(op for op in script_of(self.best) if op.key == key)
            self._keep(msgspec.structs.replace(self.best, script=ops), others=KEY_CHANCES)
        while self.left > 0:
            before = self.best
            self._less_time()
            self._fewer_ops()
            self._fewer_faults()
            self._fewer_nodes()
            self._fewer_clients()
            if self.best == before:
                break
        return self.best

    # Passes

    def _fewer_faults(self) -> None:
        self._minimize(lambda: self.best.faults.faults, self._try_faults)

    def _fewer_ops(self) -> None:
        self._minimize(lambda: script_of(self.best), self._try_ops)

    def _fewer_nodes(self) -> None:
        for node in reversed(self.best.nodes):
            if len(self.best.nodes) > LEAST_NODES:
                self._keep(_without_node(self.best, node))

    def _fewer_clients(self) -> None:
        """Number the slots that are left anew; homes move with them, so this may fail to fail."""
        used = sorted({op.slot for op in script_of(self.best)})
        place = {slot: number for number, slot in enumerate(used)}
        if len(used) < self.best.clients:
            script = tuple(msgspec.structs.replace(op, slot=place[op.slot]) for op in script_of(self.best))
            self._keep(msgspec.structs.replace(self.best, script=script, clients=max(1, len(used))))

    def _less_time(self) -> None:
        self._keep(_trimmed(self.best))
        self._keep(_trimmed(_without_gaps(self.best)))

    # Attempts

    def _minimize(
        self, items: Callable[[], Sequence[Item]], attempt: Callable[[Sequence[Item]], bool]
    ) -> None:
        """Leave out chunks of the items, halves first, then ever smaller ones."""
        size = len(items())
        while size >= 1 and self.left > 0:
            shrunk = False
            start = 0
            while start < len(items()) and self.left > 0:
                now = items()
                if attempt([*now[:start], *now[start + size :]]):
                    shrunk = True
                else:
                    start += size
            if not shrunk or size > len(items()):
                size = min(size // 2, max(1, len(items()))) if size > 1 else 0

    def _try_ops(self, ops: Sequence[ScriptedOp]) -> bool:
        return bool(ops) and self._keep(msgspec.structs.replace(self.best, script=tuple(ops)))

    def _try_faults(self, faults: Sequence[PlannedFault]) -> bool:
        return self._keep(_with_faults(self.best, faults))

    def _keep(self, candidate: RunPlan, others: int | None = None) -> bool:
        """Whether `candidate` fails, by some stream of chance; it is the best one then."""
        if candidate == self.best:
            return False
        for chance in self._chances(others):
            if self.left <= 0:
                return False
            self.left -= 1
            tried = msgspec.structs.replace(candidate, chance=chance)
            if self._fails(tried):
                self.best = tried
                self._found(tried, self.left)
                return True
        return False

    def _chances(self, others: int | None) -> Iterator[int]:
        """The best plan's own stream, then others: more of them the cheaper runs have become."""
        own = 0 if self.best.chance is UNSET else self.best.chance
        yield own
        if others is None:
            size = len(script_of(self.best))
            others = 1 if size > 200 else 3 if size > 40 else 5
        yield from (own + number for number in range(1, others + 1))


def _with_faults(plan: RunPlan, faults: Sequence[PlannedFault]) -> RunPlan:
    numbered = tuple(msgspec.structs.replace(fault, id=n) for n, fault in enumerate(faults, start=1))
    return msgspec.structs.replace(plan, faults=FaultPlan(plan.faults.span_ns, numbered))


def _without_node(plan: RunPlan, node: str) -> RunPlan:
    faults = [
        msgspec.structs.replace(
            fault,
            spec=msgspec.structs.replace(fault.spec, order=tuple(n for n in fault.spec.order if n != node)),
        )
        for fault in plan.faults.faults
    ]
    smaller = msgspec.structs.replace(plan, nodes=tuple(n for n in plan.nodes if n != node))
    return _with_faults(smaller, faults)


def _moments(plan: RunPlan) -> list[int]:
    """When anything happens, in order."""
    faults = [ns for fault in plan.faults.faults for ns in (fault.begin_ns, fault.end_ns)]
    return sorted({0, *(op.at_ns for op in script_of(plan)), *faults})


def _trimmed(plan: RunPlan) -> RunPlan:
    """Without the time behind all that happens."""
    span_ns = min(_moments(plan)[-1] + TAIL_NS, plan.faults.span_ns)
    faults = msgspec.structs.replace(plan.faults, span_ns=span_ns)
    return msgspec.structs.replace(plan, faults=faults, time_s=span_ns / SECOND_NS)


def _without_gaps(plan: RunPlan) -> RunPlan:
    """With every pause in which nothing happens cut short."""
    moved, saved, last = dict[int, int](), 0, 0
    for moment in _moments(plan):
        saved += max(0, moment - last - GAP_NS)
        last = moment
        moved[moment] = moment - saved
    script = tuple(msgspec.structs.replace(op, at_ns=moved[op.at_ns]) for op in script_of(plan))
    faults = [
        msgspec.structs.replace(fault, begin_ns=moved[fault.begin_ns], end_ns=moved[fault.end_ns])
        for fault in plan.faults.faults
    ]
    return _with_faults(msgspec.structs.replace(plan, script=script), faults)
