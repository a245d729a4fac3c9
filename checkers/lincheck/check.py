"""Is a history linearizable? Each key is an object of its own (linearizability is local: Herlihy & Wing
1990).

Invariants: any Invalid beats Unknown; Unknown beats Valid; a FAIL operation did not happen and is dropped; an
INFO operation may have happened at any time after its call, or not, with any answer. The same history gives
the same verdict, unless a limit of time or memory ends the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from checkers.anomalies import NOT_LINEARIZABLE
from checkers.history import OPEN_NS, History
from checkers.lincheck.clock import Deadline
from checkers.lincheck.encode import Encoder, Part
from checkers.lincheck.engine import NO_LIMIT
from checkers.lincheck.evidence import any_key, counter_example
from checkers.lincheck.explain import sentence
from checkers.lincheck.lanes.choose import lane_for
from checkers.lincheck.limits import Algorithm, Limits, Progress, Report
from checkers.lincheck.minimize import Minimizer, alone
from checkers.lincheck.model import Model
from checkers.lincheck.partitions import each
from checkers.lincheck.solve import Found, solve
from checkers.verdict import Invalid, Unknown, Valid, Verdict

EXPLAIN_STEPS = 2_000_000  # for a counter-example, beside twice what the search itself took
NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Judged:
    """One key, and what was found. core: operations that a lane knows to contradict each other."""

    part: Part
    found: Found
    core: tuple[int, ...] = ()


def check(
    history: History,
    model: Model,
    *,
    algorithm: Algorithm = "auto",
    limits: Limits = NO_LIMITS,
    explain: bool = True,
    everything: bool = False,
    witness: bool = True,
    progress: Report | None = None,
) -> Verdict:
    """Whether every key's operations have an order that `model` accepts and that respects real time.

    algorithm: "auto" tries a lane of the model's class (`checkers.lincheck.lanes`), then depth first, then
    breadth first; "lane" is Unknown where no lane applies. explain: whether an Invalid carries a minimal
    counter-example. everything: judge every key even when one is illegal. witness: whether a Valid carries an
    order for each key. progress: called now and then, from any thread.

    Raises ModelError for an operation that the model does not know.
    """
    return _Check(history, model, algorithm, limits, everything, progress).run(explain, witness)


class _Check:
    """One call of `check`."""

    def __init__(
        self,
        history: History,
        model: Model,
        algorithm: Algorithm,
        limits: Limits,
        everything: bool,
        progress: Report | None,
    ) -> None:
        self.count = len(history)
        self.encoder = Encoder(model)
        self.parts = [self.encoder.part(part) for part in history.split_by_key().values()]
        self.algorithm = algorithm
        self.limits = limits
        self.everything = everything
        self.progress = progress
        self.deadline = Deadline(limits.time_s)
        self.done = 0
        self.placed = 0

    def run(self, explain: bool, witness: bool) -> Verdict:
        """Judge the keys, the cheapest first, and sum up."""
        order = sorted(range(len(self.parts)), key=lambda i: (len(self.parts[i].numbers), i))
        parts = [self.parts[i] for i in order]
        alone = not all(part.quick is not None or part.question.alphabet.states for part in parts)
        judged = each(parts, lambda part, go_on: self._judge(part, go_on, witness), self._is_bad, alone=alone)
        back = dict(zip(order, judged, strict=True))
        judged = [back[i] for i in sorted(back)]
        seen = [j for j in judged if j is not None]
        bad = [j for j in seen if j.found.legal is False]
        undecided = [j for j in seen if j.found.legal is None]
        name = "+".join(sorted({j.found.algorithm for j in (bad or undecided or seen)}))
        if bad:
            return self._invalid(bad, undecided, explain, name)
        if undecided:
            return Unknown(_undecided(undecided), self.count, (), name)
        return Valid(self.count, tuple(map(_witness, seen)) if witness else (), (), name)

    def _is_bad(self, judged: _Judged) -> bool:
        return judged.found.legal is False and not self.everything

    def _judge(self, part: Part, go_on: Any, witness: bool) -> _Judged:
        def tick(steps: int, events: int) -> bool:  # noqa: ARG001
            self._report(events)
            return go_on() and not self.deadline.passed()

        judged = None
        if self.algorithm in ("auto", "lane"):
            judged = self._by_lane(part, witness)
        if judged is None:
            memory = NO_LIMIT if self.limits.memory_mb is None else self.limits.memory_mb << 20
            steps = NO_LIMIT if self.limits.max_steps is None else self.limits.max_steps
            found = solve(
                part.asked,
                algorithm=self.algorithm,
                max_steps=steps,
                tick=tick,
                memory=memory,
                want_order=witness,
            )
            judged = _Judged(part, found)
        self.done += 1
        self.placed += len(part.numbers)
        self._report(0)
        return judged

    def _by_lane(self, part: Part, witness: bool) -> _Judged | None:
        lane = lane_for(part.ops, part.question, self.encoder.model, wanted=self.algorithm == "lane")
        if lane is None:
            if self.algorithm == "auto":
                return None
            return _Judged(part, Found(None, None, 0, 0, "lane", "lane"))
        name, decided = lane
        order = decided.order() if decided.legal and witness else None
        returned = int(np.count_nonzero(part.question.required()))
        return _Judged(part, Found(decided.legal, order, returned, 0, name), decided.core)

    def _report(self, events: int) -> None:
        if self.progress is not None:
            done = min(self.placed + events, self.count)
            self.progress(Progress(len(self.parts), self.done, self.count, done))

    def _invalid(self, bad: list[_Judged], undecided: list[_Judged], explain: bool, name: str) -> Invalid:
        keys = tuple(j.part.history[0].key for j in bad)
        notes: tuple[str, ...] = (_undecided(undecided),) if undecided else ()
        one = min(bad, key=lambda j: len(j.part.ops))
        which = any_key(one.part.history[0].key)
        text = f"{which}no order of its {_required(one.part)} operations is legal"
        if not explain:
            return Invalid(self.count, text, None, keys, notes, name, NOT_LINEARIZABLE)
        budget = max(EXPLAIN_STEPS, 2 * one.found.steps)
        minimizer = Minimizer(
            one.part.question,
            one.found.events,
            budget,
            core=one.core,
            tick=lambda _steps, _events: not self.deadline.passed(),
        )
        reduced = minimizer.run()
        if reduced is None and one.core:
            reduced = alone(one.part.question, one.core)
        if reduced is None:
            notes = (*notes, "no counter-example was found within the limits")
            return Invalid(self.count, text, None, keys, notes, name, NOT_LINEARIZABLE)
        if not reduced.minimal:
            notes = (*notes, "the counter-example may not be minimal: not every reduction could be decided")
        example = counter_example(one.part, reduced, self.encoder)
        told = which + sentence(example, one.part.history)
        return Invalid(self.count, told, example, keys, notes, name, NOT_LINEARIZABLE)


def _witness(judged: _Judged) -> tuple[Any, tuple[int, ...]]:
    order = judged.found.order
    assert order is not None
    rows = np.nonzero(judged.part.history.outcome != 1)[0]
    return judged.part.history[0].key, tuple(judged.part.history.index[rows[order]].tolist())


def _required(part: Part) -> int:
    return int(np.count_nonzero(part.question.required()))


def _undecided(keys: list[_Judged]) -> str:
    one = keys[0]
    why = {
        "steps": f"{one.found.steps:,} steps spent",
        "stopped": "the time was up",
        "memory": "the memory was used up",
        "lane": "no fast lane takes this history",
    }[one.found.why]
    ret, call = one.part.question.ret, one.part.question.call
    returns = np.sort(ret[ret != OPEN_NS])
    now = returns[min(one.found.events, len(returns) - 1)] if len(returns) else 0
    crashed = int(np.count_nonzero((ret == OPEN_NS) & (call <= now)))
    more = f"; {len(keys) - 1} further keys are undecided too" if len(keys) > 1 else ""
    key = one.part.history[0].key
    return (
        f"undecided after {one.found.events:,} of {_required(one.part):,} operations"
        f"{'' if key is None else f' on key {key}'}: {crashed} crashed operations open, {why}{more}"
    )
