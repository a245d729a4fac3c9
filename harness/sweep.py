"""Many seeds of one plan under simulation, on several cores: which of them fail, and what they find.

Invariants: a seed's result depends on the plan alone, whatever the order and the number of workers; a seed
whose run or judge raises is a failure of its own, never skipped; results come in the order of the seeds.
"""

from __future__ import annotations

import gc
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Literal

import numpy as np

from checkers.history import Outcome
from checkers.lincheck import Limits
from checkers.verdict import Invalid, Verdict
from harness.judge import ClaimSpec, Linearizability, claim_of
from harness.outcome import doubts_about, weigh
from harness.plan import RunPlan
from harness.plugins import load_system
from harness.promises import claims_for
from harness.simulated import ran

JUDGE_STEPS = 2_000_000  # for one key: what decides, so that a result does not depend on the machine
JUDGE_S = 300.0
Word = Literal["valid", "anomaly", "inconclusive", "failed"]


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What became of one seed. anomaly: its name, "" if there is none; said: the sentence, or why not; size:
    operations in the counter-example (0: it has none). seconds: of processor time, judging included.
    """

    seed: int
    word: Word
    anomaly: str
    said: str
    size: int
    ops: int
    succeeded: int
    faults: int
    seconds: float


def verdict_of(spec: ClaimSpec, history: Any) -> Verdict:
    """Decide one claim in this process, within a time limit."""
    if isinstance(spec, Linearizability):
        from checkers.linearizable import Linearizable

        limits = Limits(max_steps=JUDGE_STEPS, time_s=JUDGE_S, memory_mb=1024)
        return Linearizable(spec.model, failed_cas=spec.failed_cas, limits=limits)(history)
    return claim_of(spec)(history)


def judged(plan: RunPlan, system: Any, *, stop_early: bool = False) -> tuple[Any, list[Verdict]]:
    """The run of `plan`, and the verdict of each of its claims (stop_early: up to the first violation)."""
    done = ran(plan, system)
    heal_ns = done.heal_ns if plan.faults.faults else None
    verdicts: list[Verdict] = []
    for spec in claims_for(plan, system, heal_ns, done.quiet_ns):
        verdicts.append(verdict_of(spec, done.history))
        if stop_early and isinstance(verdicts[-1], Invalid):
            break
    return done, verdicts


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector of cycles, which would look at a growing trace again and again: a fifth of a
    run's time. What a run leaves behind is collected after it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def run_seed(plan: RunPlan) -> SeedResult:
    """Carry `plan` out and judge it."""
    with uncollected():
        return _result_of(plan)


def _result_of(plan: RunPlan) -> SeedResult:
    began = time.process_time()
    try:
        system = load_system(plan.system)
        done, verdicts = judged(plan, system)
    except Exception:
        said = traceback.format_exc(limit=-3).strip()
        return SeedResult(plan.seed, "failed", "", said, 0, 0, 0, 0, time.process_time() - began)
    history = done.history
    planned = [fault.spec.kind for fault in plan.faults.faults]
    doubts = doubts_about(
        history, seconds=plan.time_s, rate=plan.rate, planned=planned, quiet_ns=done.quiet_ns
    )
    weighed = weigh(verdicts, failures=(), doubts=doubts, interrupted=None, expect="valid")
    anomaly, said, size = _told(verdicts, weighed.reasons)
    return SeedResult(
        plan.seed,
        weighed.outcome,  # type: ignore[arg-type]  # never interrupted
        anomaly,
        said,
        size,
        len(history),
        int(np.count_nonzero(history.outcome == Outcome.OK)),
        len(planned),
        time.process_time() - began,
    )


def _told(verdicts: Sequence[Verdict], reasons: Sequence[str]) -> tuple[str, str, int]:
    """The anomaly's name, what is said of the run, and the size of the counter-example."""
    for verdict in verdicts:
        if isinstance(verdict, Invalid):
            example = verdict.counter_example
            return verdict.anomaly, verdict.sentence, 0 if example is None else len(example.ops)
    return "", "; ".join(reasons), 0


def be_deaf() -> None:
    """Ctrl-C reaches every process of a terminal; the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def sweep(
    make: Callable[[int], RunPlan], seeds: Sequence[int], workers: int, until: Callable[[SeedResult], bool]
) -> Iterator[SeedResult]:
    """The results of the plans of `seeds`, in their order, until one is enough for the caller."""
    if workers == 1:
        for seed in seeds:
            result = run_seed(make(seed))
            yield result
            if until(result):
                return
        return
    # Spawned, so that no thread or lock of this process is copied half-way.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=be_deaf)
    try:
        waiting = []
        rest = iter(seeds)
        for seed in rest:
            waiting.append(pool.submit(run_seed, make(seed)))
            if len(waiting) < 2 * workers:
                continue
            result = waiting.pop(0).result()
            yield result
            if until(result):
                return
        for future in waiting:
            result = future.result()
            yield result
            if until(result):
                return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
