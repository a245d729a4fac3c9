"""What a system of a campaign's file is, and whether its cells can be run, found out in a process of its own:
a stranger's module may raise, hang or end the process when it is imported.

Invariants: what is wrong with the file (an unknown workload, a wrong option) is told apart from a system
that is broken (it cannot be loaded): the one refuses the campaign, the other is a failed run of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec


class Looked(msgspec.Struct, frozen=True):
    """A cell that was tried: its workload as it turned out; problem: why it cannot be planned."""

    workload: str = ""
    problem: str = ""


class BugFound(msgspec.Struct, frozen=True):
    """A planted bug, the rule that it breaks, and the options that it needs."""

    name: str
    rule: str
    options: dict[str, str]


class Examined(msgspec.Struct, frozen=True):
    """broken: why the system could not be loaded, "" if it could; simulates: whether it can be simulated."""

    broken: str = ""
    simulates: bool = False
    cells: tuple[Looked, ...] = ()
    bugs: tuple[BugFound, ...] = ()


def examine(reference: str, cells: Sequence[Mapping[str, Any]]) -> bytes:
    """Load a system and plan a run of every cell (what `configure` takes). An unknown name is a problem of
    the cells, like a wrong option.
    """
    from harness.errors import SplitbrainError
    from harness.plugins import installed, load_system
    from systems.api import Simulates

    if ".py" not in reference and reference not in installed():
        problem = _problem_of(lambda: load_system(reference))
        return msgspec.json.encode(Examined(cells=tuple(Looked(problem=problem) for _ in cells)))
    try:
        system = load_system(reference)
    except SplitbrainError as error:
        if ".py" in reference and not Path(reference.rpartition(":")[0]).is_file():
            return msgspec.json.encode(Examined(cells=tuple(Looked(problem=_line(error)) for _ in cells)))
        return msgspec.json.encode(Examined(broken=_line(error)))
    bugs: Mapping[str, Any] = getattr(system, "bugs", {})
    found = tuple(BugFound(name, bug.rule, dict(bug.options)) for name, bug in bugs.items())
    looked = tuple(_look(values) for values in cells)
    return msgspec.json.encode(Examined("", isinstance(system, Simulates), looked, found))


def _look(values: Mapping[str, Any]) -> Looked:
    from harness.config import configure
    from harness.planning import plan_run

    plan = None

    def make() -> None:
        nonlocal plan
        plan = plan_run(configure(values))

    problem = _problem_of(make)
    return Looked(problem=problem) if plan is None else Looked(workload=plan.workload)


def _problem_of(what: Any) -> str:
    from harness.errors import SplitbrainError

    try:
        what()
    except SplitbrainError as error:
        return _line(error)
    return ""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def lacking(place: str, options: Mapping[str, str]) -> bytes:
    """Why no run can be carried out at `place` on this machine, as JSON; "" if it can."""
    from harness.deploy.places import SIM

    if place == SIM:
        return msgspec.json.encode("")
    from harness.doctor.matrix import PLACES, causes

    looked_at = PLACES[place]
    found = looked_at.findings(options, looked_at.needed(()))
    lacks = causes(looked_at.runs, found)
    return msgspec.json.encode("; ".join(f"{one.label}: {one.seen} (fix: {one.fix})" for one in lacks))
