"""Whether a run may begin: the faults of its plan are asked of the doctor's findings of its place.

Only what the plan's faults need is tried, for real; a plan without faults tries nothing. A kind of fault that
cannot be applied refuses the run, unless `--skip-unavailable` was given: then its faults are not applied, and
the report says so. Where something is missing that every run there needs (an engine, an image, a login), the
run begins and fails in its set-up, which says so in a report as any failure does.

Invariants: nothing is left of what was tried; no run folder exists yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.deploy.places import SIM
from harness.doctor.finding import Finding
from harness.doctor.matrix import PLACES, causes
from harness.errors import MissingPrerequisite
from harness.plan import RunPlan


def admit(plan: RunPlan) -> dict[str, str]:
    """Kind of fault -> why it has to be skipped. Raises MissingPrerequisite that names every kind of fault
    that cannot be applied, what is missing for it, and the fix.
    """
    kinds = sorted({fault.spec.kind for fault in plan.faults.faults})
    if not kinds:
        return {}
    if plan.place == SIM:
        return {}
    place = PLACES[plan.place]
    here = [kind for kind in kinds if kind in place.faults]
    found = place.findings(plan.place_options, place.needed(here))
    if causes(place.runs, found):
        return {}
    lacking: dict[str, list[Finding]] = {
        kind: lacks for kind in here if (lacks := causes(place.faults[kind], found))
    }
    lacking |= {kind: [_simulated(kind)] for kind in kinds if kind not in here}
    if lacking and not plan.skip_unavailable:
        raise _refusal(plan.place, lacking)
    return {kind: "; ".join(f"{one.label}: {one.seen}" for one in lacks) for kind, lacks in lacking.items()}


def _refusal(place: str, lacking: Mapping[str, Sequence[Finding]]) -> MissingPrerequisite:
    told = "".join(f"\n  {kind} needs{_told(lacks)}" for kind, lacks in lacking.items())
    every = list({one.label: one for lacks in lacking.values() for one in lacks}.values())
    return MissingPrerequisite(
        f"planned faults cannot be applied at {place}, so the run was not begun:{told}",
        fix=f"{_fixes(every)}; or give --skip-unavailable to run without {' and '.join(lacking)} faults",
    )


def _simulated(kind: str) -> Finding:
    """Said of a fault that no real place has."""
    seen = f"{kind} faults are simulated only"
    return Finding("simulation", "missing", seen, f"{kind} faults", "give --on sim", 0.0)


def _told(found: Sequence[Finding]) -> str:
    if len(found) == 1:
        return f" {found[0].label}: {found[0].seen}"
    return "".join(f"\n    {one.label}: {one.seen}" for one in found)


def _fixes(found: Sequence[Finding]) -> str:
    """Each once; with several hosts, many have the same."""
    return "; ".join(dict.fromkeys(one.fix for one in found))
