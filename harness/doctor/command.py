"""`splitbrain doctor`: tries everything, tells what was seen, and what a killed run left.

Invariants: the result goes to stdout, as text or as one JSON document; exit code 6 if a place that was asked
for cannot be used, or none can, otherwise 0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.deploy.containers.engine import sweep
from harness.doctor import machine, page
from harness.doctor.finding import Finding
from harness.doctor.matrix import PLACES, causes, matrix
from harness.errors import EXIT_PREREQUISITE, EXIT_VALID, MissingPrerequisite
from harness.images import engine


class Examined(msgspec.Struct, frozen=True):
    """Everything that was found. faults: place -> fault -> what is missing for it."""

    machine: list[Finding]
    places: dict[str, list[Finding]]
    faults: dict[str, dict[str, list[str]]]
    removed: list[str]


def doctor_command(
    place: str | None,
    runs: str,
    as_json: bool,
    cleanup: bool,
    options: Mapping[str, str] | None = None,
) -> int:
    """Examine one place, or all of which there is something to try. options: those of places."""
    removed = _cleaned() if cleanup else []
    given = options or {}
    chosen = [place] if place else [name for name, one in PLACES.items() if set(one.asks) <= set(given)]
    tried = [check.run() for check in machine.checks(Path(runs))]
    places = {name: PLACES[name].findings(given, None) for name in chosen}
    examined = Examined(tried, places, matrix(places), removed)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(examined)).decode())
    else:
        print(page.render(tried, places))
        if cleanup:
            print("removed: " + (", ".join(removed) or "nothing was left"))
    unusable = [name for name, found in places.items() if causes(PLACES[name].runs, found)]
    return EXIT_PREREQUISITE if place in unusable or len(unusable) == len(places) else EXIT_VALID


def _cleaned() -> list[str]:
    """What local runs leave vanishes with them; of containers, what dead controllers made is removed."""
    try:
        client = engine.connect()
    except MissingPrerequisite as error:
        print(f"splitbrain: containers were not looked for: {error.problem}", file=sys.stderr)
        return []
    return sweep(client)
