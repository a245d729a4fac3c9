"""`splitbrain doctor`: tries everything, tells what was seen, and what a killed run left.

Invariants: the result goes to stdout, as text or as one JSON document; exit code 6 if a place that was asked
for cannot be used, or none can, otherwise 0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.doctor import machine, page
from harness.doctor.finding import Finding
from harness.doctor.matrix import PLACES, causes, matrix
from harness.errors import EXIT_PREREQUISITE, EXIT_VALID


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
    given = options or {}
    chosen = [place] if place else [name for name, one in PLACES.items() if set(one.asks) <= set(given)]
    tried = [check.run() for check in machine.checks(Path(runs))]
    places = {name: PLACES[name].findings(given, None) for name in chosen}
    removed = _cleaned(chosen, given) if cleanup else []  # last: what was tried brought something as well
    examined = Examined(tried, places, matrix(places), removed)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(examined)).decode())
    else:
        print(page.render(tried, places))
        if cleanup:
            print("removed: " + (", ".join(removed) or "nothing was left"))
    unusable = [name for name, found in places.items() if causes(PLACES[name].runs, found)]
    return EXIT_PREREQUISITE if place in unusable or len(unusable) == len(places) else EXIT_VALID


def _cleaned(places: Sequence[str], options: Mapping[str, str]) -> list[str]:
    """What local runs leave vanishes with them; elsewhere, what dead controllers left is removed."""
    removed: list[str] = []
    for name in places:
        clean = PLACES[name].clean
        if clean is not None:
            gone, problems = clean(options)
            removed += gone
            for problem in problems:
                print(f"splitbrain: {problem}", file=sys.stderr)
    return removed
