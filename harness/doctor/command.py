"""`splitbrain doctor`: tries everything, tells what was seen, and what a killed run left.

Invariants: the result goes to stdout, as text or as one JSON document; exit code 6 if a place that was asked
for cannot be used, otherwise 0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.deploy.containers.engine import sweep
from harness.deploy.places import DOCKER, LOCAL, PLACES
from harness.doctor import docker, local, machine
from harness.doctor.finding import Finding
from harness.doctor.matrix import matrix
from harness.errors import EXIT_PREREQUISITE, EXIT_VALID, MissingPrerequisite
from harness.images import engine

MARKS = {"ok": "✓", "doubtful": "?", "missing": "✗"}
_PLACES: Mapping[str, Callable[[], list[Finding]]] = {LOCAL: local.findings, DOCKER: docker.findings}


class Examined(msgspec.Struct, frozen=True):
    """Everything that was found. faults: place -> fault -> what is missing for it."""

    machine: list[Finding]
    places: dict[str, list[Finding]]
    faults: dict[str, dict[str, list[str]]]
    removed: list[str]


def doctor_command(place: str | None, runs: str, as_json: bool, cleanup: bool) -> int:
    """Examine one place or all."""
    removed = _cleaned() if cleanup else []
    tried = [check.run() for check in machine.checks(Path(runs))]
    places = {name: _PLACES[name]() for name in ([place] if place else PLACES)}
    examined = Examined(tried, places, matrix(places), removed)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(examined)).decode())
    else:
        _print(examined, cleanup)
    unusable = [name for name, found in places.items() if any(map(_forbids, found))]
    return EXIT_PREREQUISITE if place in unusable or len(unusable) == len(places) else EXIT_VALID


def _forbids(finding: Finding) -> bool:
    """Whether no run can be there: it lacks something that every run needs."""
    return finding.status == "missing" and finding.name != local.NAMES[3]


def _cleaned() -> list[str]:
    """What local runs leave vanishes with them; of containers, what dead controllers made is removed."""
    try:
        client = engine.connect()
    except MissingPrerequisite as error:
        print(f"splitbrain: containers were not looked for: {error.problem}", file=sys.stderr)
        return []
    return sweep(client)


def _print(examined: Examined, cleanup: bool) -> None:
    _section("this machine", examined.machine)
    for place, found in examined.places.items():
        _section(f"{place}: {PLACES[place]}", found)
    print("faults")
    for place, faults in examined.faults.items():
        told = [f"{name} ✗ ({', '.join(lacks)})" if lacks else f"{name} ✓" for name, lacks in faults.items()]
        print(f"  {place:<10} {', '.join(told)}")
    if cleanup:
        print("removed: " + (", ".join(examined.removed) or "nothing was left"))


def _section(title: str, found: Sequence[Finding]) -> None:
    print(title)
    for finding in found:
        print(f"  {MARKS[finding.status]} {finding.name:<16} {finding.seen}")
        if finding.status != "ok":
            print(f"    {'':<16} needed: {finding.meaning}")
            print(f"    {'':<16} fix: {finding.fix}")
