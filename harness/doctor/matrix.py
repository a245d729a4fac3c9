"""Which faults can be applied where: each needs some of what the checks tried.

Invariants: a fault is available exactly if nothing that it needs is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.deploy.places import DOCKER, LOCAL
from harness.doctor import docker, local
from harness.doctor.finding import Finding

NEEDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    LOCAL: {
        "partition": local.NAMES[:3],
        "kill": local.NAMES[:2],
        "pause": local.NAMES[:2],
    },
    DOCKER: {
        "partition": docker.NAMES,
        "kill": docker.NAMES[:3],
        "pause": docker.NAMES[:3],
    },
}


def missing_for(place: str, fault: str, findings: Sequence[Finding]) -> list[str]:
    """The checks that `fault` needs and that failed, or were not reached."""
    fine = {finding.name for finding in findings if finding.status != "missing"}
    return [name for name in NEEDS[place][fault] if name not in fine]


def matrix(found: Mapping[str, Sequence[Finding]]) -> dict[str, dict[str, list[str]]]:
    """Place -> fault -> what is missing for it (nothing: it can be applied)."""
    return {
        place: {fault: missing_for(place, fault, findings) for fault in NEEDS[place]}
        for place, findings in found.items()
    }
