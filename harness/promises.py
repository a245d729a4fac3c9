"""What a system promises for a workload, and the claims that a run is judged by.

Invariants: a run is judged by what its system promises for the workload; one that promises nothing, or says
nothing, is judged by the workload's model, as linearizable. Recovery is judged whenever there were faults to
recover from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checkers.history import OPEN_NS
from harness.errors import ConfigError
from harness.judge import (
    ClaimSpec,
    Converging,
    Counting,
    Deleting,
    Judged,
    Linearizability,
    Recovery,
    SessionsHeld,
    SetKeeping,
)
from harness.plan import RunPlan
from harness.run.live import RECOVERY_LIMIT_S
from harness.suggestion import suggestion
from harness.workload import WORKLOADS
from reports.record import ClaimResult
from systems.api import PROMISES, System

LINEARIZABLE, NOTHING = "linearizable", "nothing"
FINAL = frozenset({"convergence", "sets", "counters", "deletions"})  # judged by a run's last reads


def of_options(system: System, name: str, options: Mapping[str, str]) -> Mapping[str, str] | None:
    """The system's attribute `name`, a mapping or a method of the options that gives one; None if it has
    none.
    """
    said: Any = getattr(system, name, None)
    found: Mapping[str, str] | None = said(options) if callable(said) else said
    return found


def promised(system: System, options: Mapping[str, str], workload: str) -> tuple[str, ...]:
    """The names of what the system promises; () where it says nothing. Raises ConfigError for a workload that
    it does not serve, and for a promise that there is none of.
    """
    said = of_options(system, "claims", options)
    if said is None:
        return ()
    if workload not in said:
        raise ConfigError(
            f"{type(system).__name__} does not serve the workload {workload!r}",
            fix=suggestion(workload, said),
        )
    names = tuple(name.strip() for name in said[workload].split(","))
    for name in names:
        if name not in PROMISES:
            raise ConfigError(
                f"{type(system).__name__} claims {name!r} for {workload!r}, which nobody can judge",
                fix=suggestion(name, PROMISES),
            )
    return names


def judged_by(system: System, plan: RunPlan) -> tuple[str, ...]:
    """The names of the promises that a run of `plan` is judged by."""
    names = tuple(n for n in promised(system, plan.options, plan.workload) if n != NOTHING)
    if names:
        return names
    return (LINEARIZABLE,) if WORKLOADS[plan.workload].model else ()


def wants_final_reads(system: System, plan: RunPlan) -> bool:
    """Whether a run of `plan` ends with a read of every key at every node."""
    return not FINAL.isdisjoint(judged_by(system, plan))


def claims_for(plan: RunPlan, system: System, heal_ns: int | None, quiet_ns: int | None) -> list[ClaimSpec]:
    """heal_ns: the final heal; quiet_ns: from when on reads are final ones (None: there are none)."""
    quiet_ns = OPEN_NS if quiet_ns is None else quiet_ns
    specs = [_spec(name, plan, quiet_ns) for name in judged_by(system, plan)]
    if heal_ns is not None:
        specs.append(Recovery(heal_ns, RECOVERY_LIMIT_S))
    return specs


def _spec(name: str, plan: RunPlan, quiet_ns: int) -> ClaimSpec:
    model: Any = WORKLOADS[plan.workload].model
    match name:
        case "convergence":
            return Converging(quiet_ns)
        case "sets":
            return SetKeeping(quiet_ns)
        case "counters":
            return Counting(quiet_ns)
        case "deletions":
            return Deleting(quiet_ns)
        case "sessions":
            return SessionsHeld()
    if model is None:
        raise ConfigError(
            f"workload {plan.workload!r} has no model to be linearizable by",
            fix="choose another workload, or promise something else for it",
        )
    return Linearizability(model, plan.failed_cas)


def claim_results(plan: RunPlan, system: System, judged: Sequence[Judged]) -> tuple[ClaimResult, ...]:
    """The verdicts, and whether the system promises what they are about (None where it says nothing)."""
    names = promised(system, plan.options, plan.workload)
    asked = judged_by(system, plan)
    return tuple(
        ClaimResult(
            j.name,
            j.promise,
            j.verdict,
            j.seconds,
            asked[number] in names if names and number < len(asked) else None,
        )
        for number, j in enumerate(judged)
    )
