"""The zoo: every planted bug of every system, hunted under simulation with its system's default workload and
nemeses.

Invariants: a bug counts as found by an anomaly alone, never by a run that failed or is inconclusive; the seed
that finds it must be valid without the bug, else that is said; the result depends on the systems alone.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.config import configure
from harness.deploy.places import SIM
from harness.errors import ConfigError, SplitbrainError
from harness.plan import RunPlan
from harness.planning import command_of, plan_run
from harness.plugins import installed, load_system
from harness.shrink import script_of
from harness.shrinking import smaller
from harness.suggestion import suggestion
from harness.sweep import run_seed
from systems.api import Bug

TRIES = 400  # of the shrinker


@dataclass(frozen=True, slots=True)
class Prey:
    """One planted bug of one system."""

    system: str
    name: str
    bug: Bug

    def plan(self, seed: int, *, planted: bool = True) -> RunPlan:
        """A run with the bug (or the same without it)."""
        options = {**self.bug.options, **({"bug": self.name} if planted else {})}
        values = {"system": self.system, "place": SIM, "seed": seed, "options": options}
        return plan_run(configure(values))


@dataclass(frozen=True, slots=True)
class Hunted:
    """What a hunt came to. seeds: how many it took, None if it was not found; alarm: what the seed shows
    without the bug, "" if nothing. ops, faults, nodes: of the smallest run that still fails (None: not looked
    for); example: operations of its counter-example, 0 if there is none.
    """

    system: str
    bug: str
    rule: str
    seeds: int | None
    seconds: float
    anomaly: str = ""
    said: str = ""
    alarm: str = ""
    ops: int | None = None
    faults: int | None = None
    nodes: int | None = None
    example: int = 0
    shrink_seconds: float = 0.0
    replay: str = ""


def everything() -> list[Prey]:
    """All planted bugs of the systems that are installed; a system that cannot be loaded has none."""
    found = []
    for name in installed():
        try:
            system = load_system(name)
        except SplitbrainError:
            continue
        bugs: Mapping[str, Bug] = getattr(system, "bugs", {})
        found += [Prey(name, bug, bugs[bug]) for bug in bugs]
    return found


def chosen(names: Sequence[str]) -> list[Prey]:
    """Those of `names`, each SYSTEM or SYSTEM/BUG; all for none. Raises ConfigError."""
    every = everything()
    if not names:
        return every
    picked: list[Prey] = []
    for name in names:
        of_name = [prey for prey in every if name in (prey.system, f"{prey.system}/{prey.name}")]
        if not of_name:
            known = [*{prey.system for prey in every}, *(f"{prey.system}/{prey.name}" for prey in every)]
            raise ConfigError(
                f"no system with planted bugs, and no bug, is called {name!r}", fix=suggestion(name, known)
            )
        picked += [prey for prey in of_name if prey not in picked]
    return picked


def hunt(prey: Prey, seeds: int, *, shrinks: bool) -> Hunted:
    """Try seeds 1, 2, ... until the bug is found. Never raises: what breaks is said."""
    began = time.process_time()
    try:
        for seed in range(1, seeds + 1):
            result = run_seed(prey.plan(seed))
            if result.word == "failed":
                said = f"seed {seed} failed: {result.said.splitlines()[-1]}"
                return Hunted(prey.system, prey.name, prey.bug.rule, None, _since(began), said=said)
            if result.word == "anomaly":
                found = (seed, _since(began), result.anomaly, result.said)
                return _examined(prey, found, result.size, shrinks)
    except Exception as error:
        said = "".join(traceback.format_exception_only(error)).strip()
        return Hunted(prey.system, prey.name, prey.bug.rule, None, _since(began), said=said)
    return Hunted(
        prey.system, prey.name, prey.bug.rule, None, _since(began), said=f"not found in {seeds} seeds"
    )


def _examined(prey: Prey, found: tuple[int, float, str, str], size: int, shrinks: bool) -> Hunted:
    """What was found, made smaller, and looked at without the bug."""
    seed, seconds, anomaly, said = found
    plan = prey.plan(seed)
    without = run_seed(prey.plan(seed, planted=False))
    alarm = "" if without.word in ("valid", "inconclusive") else f"{without.word} {without.anomaly}"
    began = time.process_time()
    small = smaller(plan, load_system(plan.system), TRIES, lambda _best, _left: None) if shrinks else None
    best = small[0] if small else None
    if best is not None:
        size = run_seed(best).size
    return Hunted(
        prey.system,
        prey.name,
        prey.bug.rule,
        seed,
        seconds,
        anomaly,
        " ".join(said.split()),
        alarm,
        None if best is None else len(script_of(best)),
        None if best is None else len(best.faults.faults),
        None if best is None else len(best.nodes),
        size,
        _since(began) if shrinks else 0.0,
        command_of(plan),
    )


def _since(began: float) -> float:
    return time.process_time() - began


def markdown(hunted: Sequence[Hunted], seeds: int) -> Iterator[str]:
    """The lines of the table's page."""
    found = [one for one in hunted if one.seeds is not None]
    soon = sum(1 for one in found if one.seeds is not None and one.seeds <= 100)
    yield "# The zoo of planted bugs"
    yield ""
    yield "Every bug is a small switch in a system's core, off by default (`splitbrain list bugs`). Each is"
    yield "hunted under simulation with the default workload and nemeses of its system,"
    yield f"seeds 1 to {seeds} at most."
    yield "This page is written by `splitbrain zoo --write docs/zoo.md`."
    yield ""
    yield f"Found: {len(found)} of {len(hunted)}, {soon} of them within 100 seeds."
    yield ""
    yield "| system | bug | breaks | seeds | seconds | anomaly | smallest run | counter-example |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in hunted:
        yield f"| {' | '.join(_cells(one))} |"
    yield ""
    yield "Seconds are of processor time on the machine that wrote the page. A run is made smaller by"
    yield "`splitbrain shrink` (empty: not looked for, `--no-shrink`); its size leaves out the reads at"
    yield "the end of runs that are judged by them. The seed of the column is the one that finds the bug:"
    yield ""
    yield "```"
    yield from (one.replay for one in found[:1])
    yield "```"


def _cells(one: Hunted) -> list[str]:
    size = "" if one.ops is None else f"{one.ops} ops, {one.faults} faults, {one.nodes} nodes"
    example = f"{one.example} ops" if one.example else ""
    seen = one.anomaly if one.seeds is not None else f"**{one.said}**"
    count = "–" if one.seeds is None else str(one.seeds)
    return [one.system, f"`{one.bug}`", one.rule, count, f"{one.seconds:.1f}", seen, size, example]
