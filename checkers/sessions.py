"""The claim that each session sees registers move forward only: the four session guarantees (Terry et al.,
"Session guarantees for weakly consistent replicated data", 1994, section 3), key by key.

A session is a process. Its operations on one key give a sequence of versions, each read or written. For two
of them, first a and later b, one guarantee says that b is not older than a: monotonic reads (read, read),
read your writes (write, read), writes follow reads (read, write), monotonic writes (write, write). So each
pair of different versions is an edge "a before b"; nil, the version before the first write, is before all.

The guarantees hold for some total order of the versions exactly if the graph of these edges has no cycle: a
total order that keeps to every edge cannot hold a cycle; and where there is none, any topological order is
a total order in which no session ever goes back. Edges between neighbours in a sequence suffice to find out,
since the others follow from them. A shortest cycle is looked for among all of them and names the anomaly.

Invariants: pure; time is near linear in the operations where nothing is wrong. Only keys whose written values
are all different, and not nil, are judged. An operation without an answer gives no edge, but what it wrote
may be read. A delete that removed a value makes a version of its own, which reads as nil: where there may be
one, a read of nil says nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from checkers.anomalies import MONOTONIC_READS, MONOTONIC_WRITES, READ_YOUR_WRITES, WRITES_FOLLOW_READS
from checkers.history import History, Outcome
from checkers.identity import identity
from checkers.lincheck.evidence import any_key
from checkers.lincheck.models.values import words
from checkers.replicas import of_kind, some, written
from checkers.verdict import Invalid, Unknown, Valid, Verdict
from checkers.versions import INITIAL, Cycles, Hop, Session, Step, entangled

BUDGET = 1_000_000  # steps looked at to find a shortest cycle
MOST_HOPS = 6
GUARANTEES = {  # whether the earlier version was written, whether the later one was
    (False, False): MONOTONIC_READS,
    (True, False): READ_YOUR_WRITES,
    (False, True): WRITES_FOLLOW_READS,
    (True, True): MONOTONIC_WRITES,
}


class Sessions:
    """Each session sees each register move forward only. A `checkers.claim.Claim`.

    An anomaly's name is that of the guarantees that a shortest contradiction needs, joined by "+".
    """

    name = "sessions"
    promise = "each session sees its own writes, and nothing older than it has seen"
    anomalies: tuple[str, ...] = tuple(GUARANTEES.values())

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ValueError for a key of no one kind and a cas whose input is no pair."""
        judged = [_Register(part) for part in of_kind(history, "register")]
        unfit = [one.key for one in judged if one.repeated]
        notes = [f"not judged, as a value was written twice, or nil: {some(unfit)}"] if unfit else []
        fit = [one for one in judged if not one.repeated]
        strangers = sum(one.strangers for one in fit)
        if strangers:
            notes.append(f"reads of values that nobody had written, not judged here: {strangers}")
        checked = sum(len(session) for one in fit for session in one.sessions)
        bad = [(one, found) for one in fit if (found := entangled(one.sessions))]
        if bad:
            cycle, one, exhausted = _shortest(bad)
            if exhausted:
                notes.append("there may be a shorter contradiction: not all were looked at")
            keys = tuple(one.key for one, _ in bad)
            told = any_key(one.key) + _sentence(cycle, one)
            return Invalid(checked, told, bad_keys=keys, notes=tuple(notes), anomaly=_named(cycle))
        if not any(len(session) > 1 for one in fit for session in one.sessions):
            reason = "no session had two operations on one register whose written values are all different"
            return Unknown(reason, checked, tuple(notes))
        return Valid(checked, notes=tuple(notes))


class _Register:
    """The sessions of one key as steps through numbered versions.

    repeated: values do not name versions. values: what a version reads as. strangers: reads of no version.
    """

    def __init__(self, part: History) -> None:
        self.key = part[0].key
        names = [part.f_names[f] for f in part.f.tolist()]
        self._rows = list(
            zip(names, part.inputs, part.outputs, part.outcome.tolist(), strict=True)
        )  # plain columns: a row object for each operation would take most of the time
        self._written = [written(*row) for row in self._rows]
        new = [value for values in self._written for value in values]
        counted = Counter(map(identity, new))
        self.repeated = None in counted or len(counted) < len(new)
        self.values: list[Any] = [None, *new]
        self.strangers = 0
        self.sessions: Sequence[Session] = [] if self.repeated else self._walk(part)

    def _walk(self, part: History) -> list[Session]:
        known: dict[Hashable, int] = {identity(v): n for n, v in enumerate(self.values)}
        deletes = [
            call
            for (f, _, _, outcome), call in zip(self._rows, part.call_ns.tolist(), strict=True)
            if f == "delete" and outcome != Outcome.FAIL
        ]
        deleted_ns = min(deletes, default=None)
        sessions: dict[int, list[Step]] = defaultdict(list)
        columns = zip(
            self._rows,
            self._written,
            part.process.tolist(),
            part.index.tolist(),
            part.return_ns.tolist(),
            strict=True,
        )
        for (f, input, output, outcome), new, process, row, return_ns in columns:
            if outcome != Outcome.OK:
                continue
            session = sessions[process]
            for seen in _seen(f, input, output):
                version = known.get(identity(seen))
                if version is None:
                    self.strangers += 1
                elif version != INITIAL or deleted_ns is None or return_ns < deleted_ns:
                    session.append(Step(version, False, process, row))
            for value in new:
                session.append(Step(known[identity(value)], True, process, row))
            if f == "delete" and output is not None:
                session.append(Step(len(self.values), True, process, row))
                self.values.append(None)
        return list(sessions.values())


def _seen(f: str, input: Any, output: Any) -> tuple[Any, ...]:
    """The value that a successful operation has seen; nothing if it tells of none."""
    if f == "read":
        return (output,)
    if f == "cas" and output is True:
        return (input[0],)
    return (output,) if f == "delete" and output is not None else ()


class _Contradiction(NamedTuple):
    """A cycle: its edges; None stands for the one from the version before the first write."""

    hops: tuple[Hop | None, ...]


def _shortest(
    bad: Sequence[tuple[_Register, Sequence[int]]],
) -> tuple[_Contradiction, _Register, bool]:
    """The shortest cycle over the keys that have one, and whether the budget was too small to be sure."""
    budget, exhausted = BUDGET, False
    best: tuple[list[int], Cycles, _Register] | None = None
    for one, sources in bad:
        cycles = Cycles(one.sessions, budget)
        found = cycles.shortest(sources)
        budget, exhausted = max(cycles.budget, 0), exhausted or cycles.exhausted
        if best is None or len(found) < len(best[0]):
            best = found, cycles, one
        if len(best[0]) == 2:
            exhausted = False
            break
    assert best is not None
    path, cycles, one = best
    hops = tuple(cycles.hop(a, b) for a, b in zip(path, [*path[1:], path[0]], strict=True))
    return _Contradiction(hops), one, exhausted


def _named(cycle: _Contradiction) -> str:
    """The guarantees needed, in the order of `GUARANTEES`."""
    needed = {(hop.before.wrote, hop.after.wrote) for hop in cycle.hops if hop is not None}
    return "+".join(name for kind, name in GUARANTEES.items() if kind in needed)


def _sentence(cycle: _Contradiction, one: _Register) -> str:
    """What the sessions say of the order of versions, one after the other."""
    told = []
    for hop in cycle.hops[:MOST_HOPS]:
        if hop is None:
            told.append("nil was before the first write")
        else:
            told.append(f"{_step(hop.before, one)} and later {_step(hop.after, one, subject=False)}")
    more = len(cycle.hops) - len(told)
    return f"no order of its versions fits: {'; '.join(told)}" + (f"; and {more} more" if more else "")


def _step(step: Step, one: _Register, *, subject: bool = True) -> str:
    who = f"process {step.process} " if subject else ""
    value = one.values[step.version]
    if step.wrote:
        did = "deleted it" if value is None else f"wrote {words(value)}"
    else:
        did = f"read {words(value)}"
    return f"{who}{did} (operation {step.row})"
