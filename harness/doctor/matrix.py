"""Which faults can be applied where: each needs some of what the checks tried.

A place is one entry of `PLACES`: what tries it, what every run there needs, and what each kind of fault needs
beside that.

Invariants: a fault is available exactly if nothing that it needs is missing, on any host of the place; what
was not reached is missing, and the cause is what it stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.deploy.places import DOCKER, HOSTS, LOCAL, SSH
from harness.doctor import container_checks, host_checks, local
from harness.doctor.finding import Finding
from harness.errors import MissingPrerequisite

Findings = Callable[[Mapping[str, str], Collection[str] | None], list[Finding]]
Clean = Callable[[Mapping[str, str]], tuple[list[str], list[str]]]


class Place(NamedTuple):
    """findings: from the place's options and the names of what is wanted (None: all) to what was found, in
    the order tried; of a place with several hosts, all of them, told apart by `Finding.where`.
    runs: the names of what every run needs; faults: kind -> the names of what it needs beside.
    asks: options without which there is nothing to try. clean: removes what killed runs left there; what was
    removed, and what was not looked at and why.
    """

    findings: Findings
    runs: Sequence[str]
    faults: Mapping[str, Collection[str]]
    asks: Sequence[str] = ()
    clean: Clean | None = None

    def needed(self, kinds: Iterable[str] = ()) -> list[str]:
        """The names of what a run with such faults needs."""
        return [*dict.fromkeys([*self.runs, *(name for kind in kinds for name in self.faults[kind])])]


def _docker(options: Mapping[str, str], wanted: Collection[str] | None) -> list[Finding]:
    from harness.doctor import docker  # its SDK takes longer to import than all that a local run has to try

    return docker.findings(options, wanted)


def _clean_docker(_options: Mapping[str, str]) -> tuple[list[str], list[str]]:
    from harness.deploy.containers.engine import sweep
    from harness.images import engine

    try:
        return sweep(engine.connect()), []
    except MissingPrerequisite as error:
        return [], [f"containers were not looked for: {error.problem}"]


def _ssh(options: Mapping[str, str], wanted: Collection[str] | None) -> list[Finding]:
    from harness.doctor import ssh

    return ssh.findings(options, wanted)


def _clean_ssh(options: Mapping[str, str]) -> tuple[list[str], list[str]]:
    from harness.doctor import ssh

    return ssh.clean(options)


PLACES: Mapping[str, Place] = {
    LOCAL: Place(local.findings, local.RUNS, local.NEEDS),
    DOCKER: Place(_docker, container_checks.RUNS, container_checks.NEEDS, clean=_clean_docker),
    SSH: Place(_ssh, host_checks.RUNS, host_checks.NEEDS, asks=(HOSTS,), clean=_clean_ssh),
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
