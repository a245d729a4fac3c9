"""Which faults can be applied where: each needs some of what the checks tried.

A place is one entry of `PLACES`: what tries it, what every run there needs, and what each kind of fault needs
beside that.

Invariants: a fault is available exactly if nothing that it needs is missing, on any host of the place; what
was not reached is missing, and the cause is what it stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.deploy.places import DOCKER, LOCAL
from harness.doctor import container_checks, local
from harness.doctor.finding import Finding

Findings = Callable[[Mapping[str, str], Collection[str] | None], list[Finding]]


class Place(NamedTuple):
    """findings: from the place's options and the names of what is wanted (None: all) to what was found, in
    the order tried; of a place with several hosts, all of them, told apart by `Finding.where`.
    runs: the names of what every run needs; faults: kind -> the names of what it needs beside.
    asks: options without which there is nothing to try.
    """

    findings: Findings
    runs: Sequence[str]
    faults: Mapping[str, Collection[str]]
    asks: Sequence[str] = ()

    def needed(self, kinds: Iterable[str] = ()) -> list[str]:
        """The names of what a run with such faults needs."""
        return [*dict.fromkeys([*self.runs, *(name for kind in kinds for name in self.faults[kind])])]


def _docker(options: Mapping[str, str], wanted: Collection[str] | None) -> list[Finding]:
    from harness.doctor import docker  # its SDK takes longer to import than all that a local run has to try

    return docker.findings(options, wanted)


PLACES: Mapping[str, Place] = {
    LOCAL: Place(local.findings, local.RUNS, local.NEEDS),
    DOCKER: Place(_docker, container_checks.RUNS, container_checks.NEEDS),
}


def missing_for(place: str, fault: str, findings: Sequence[Finding]) -> list[str]:
    """The checks that `fault` needs and that failed, or were not reached, each with its host if there are
    several.
    """
    return [label for label, _ in _lacking(PLACES[place].needed([fault]), findings)]


def causes(names: Collection[str], findings: Sequence[Finding]) -> list[Finding]:
    """Why something of `names` is missing: what failed of it, or what that stands on."""
    found = {cause.label: cause for _, cause in _lacking(names, findings) if cause is not None}
    return list(found.values())


def matrix(found: Mapping[str, Sequence[Finding]]) -> dict[str, dict[str, list[str]]]:
    """Place -> fault -> what is missing for it (nothing: it can be applied)."""
    return {
        place: {fault: missing_for(place, fault, findings) for fault in PLACES[place].faults}
        for place, findings in found.items()
    }


def _lacking(names: Collection[str], findings: Sequence[Finding]) -> list[tuple[str, Finding | None]]:
    """The label of each of `names` that is not there, and why."""
    lacking: list[tuple[str, Finding | None]] = []
    for where in dict.fromkeys(finding.where for finding in findings) or [""]:
        here = {finding.name: finding for finding in findings if finding.where == where}
        failed = [finding for finding in here.values() if finding.status == "missing"]
        for name in names:
            known = here.get(name)
            if known is None or known.status == "missing":
                # Not reached: what failed first stopped it.
                lacking.append((f"{where}: {name}" if where else name, known or next(iter(failed), None)))
    return lacking
