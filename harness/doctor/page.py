"""What the doctor found, as text for a person.

Invariants: pure; what this release needs and lacks is marked apart from what it does not need; the last lines
say for each place what can be run there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.deploy import places as deploy_places
from harness.doctor.finding import Finding
from harness.doctor.matrix import PLACES, causes

MARKS = {"ok": "✓", "doubtful": "?", "missing": "✗"}
UNNEEDED = "-"
LEGEND = "✓ works   ? works, but less well than runs wish   ✗ missing   - missing, but nothing needs it yet"


def render(machine: Sequence[Finding], places: Mapping[str, Sequence[Finding]]) -> str:
    """All of it, without a newline at the end."""
    lines = [LEGEND, "", "this machine", *_section(machine, needed=("disk", "open files", "tasks", "timers"))]
    for place, found in places.items():
        known = deploy_places.PLACES.get(place, "")
        lines += ["", f"{place}: {known}", *_section(found, PLACES[place].needed(PLACES[place].faults))]
    lines += ["", "what can be run"]
    for place, found in places.items():
        lines += _answer(place, found)
    return "\n".join(lines)


def _section(found: Sequence[Finding], needed: Collection[str]) -> list[str]:
    lines = []
    width = max((len(finding.label) for finding in found), default=0)
    for finding in found:
        fine = finding.status == "ok"
        unneeded = not fine and finding.name not in needed
        lines.append(
            f"  {UNNEEDED if unneeded else MARKS[finding.status]} {finding.label:<{width}}  {finding.seen}"
        )
        if not fine:
            lines.append(
                f"    {'':<{width}}  why: {finding.meaning}"
                + (" (this release needs it for nothing)" if unneeded else "")
            )
            lines.append(f"    {'':<{width}}  fix: {finding.fix}")
    return lines


def _answer(place: str, found: Sequence[Finding]) -> list[str]:
    one = PLACES[place]
    barred = causes(one.runs, found)
    if barred:
        return [f"  ✗ {place}: nothing, as it lacks: {_labels(barred)}"]
    lacking = {fault: causes(needs, found) for fault, needs in one.faults.items()}
    can = [fault for fault, lacks in lacking.items() if not lacks]
    mark = "✓" if len(can) == len(lacking) else "?"
    told = [
        f"  {mark} {place}: runs, with the faults {', '.join(can)}"
        if can
        else f"  ? {place}: runs without faults"
    ]
    return told + [
        f"    not {fault}, as it lacks: {_labels(lacks)}" for fault, lacks in lacking.items() if lacks
    ]


def _labels(found: Sequence[Finding]) -> str:
    return ", ".join(finding.label for finding in found)
