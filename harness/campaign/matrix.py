"""From a campaign's file to its cells: every system with every workload and nemeses, what is included and
excluded, what is expected, and the planted bugs.

Invariants: pure, but for the `look` it is given; two different cells never have one id; whatever is left out
has a reason; a pattern that matches nothing is an error, as it would leave out, or expect, nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from harness.campaign.examine import Examined, Looked
from harness.campaign.file import CampaignFile, RunKeys, SystemTable
from harness.campaign.jobs import Cell, LeftOut, Limits
from harness.seeds import seed_range
from harness.suggestion import suggestion

Look = Callable[[Mapping[str, Sequence[Mapping[str, Any]]], Limits], Mapping[str, Examined]]
Where = tuple[int | str, ...]
DEFAULT_PLACE = "local"
MEMORY_MB, DISK_MB = 4096, 2048
LOOK_S = 60.0
JUDGES = 3  # at most that many claims are judged one after the other
# The keys of the file that are named otherwise than what `configure` takes.
_NAMES = {
    "on": "place",
    "time": "time_s",
    "op_timeout": "op_timeout_s",
    "ready_timeout": "ready_timeout_s",
    "judge_time": "judge_time_s",
    "judge_memory": "judge_memory_mb",
}
_OURS = ("seeds", "limit_time", "limit_memory", "limit_disk", "options")
_SIM_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Spec:
    """A cell with the seeds that the file gives it: a number of new ones, or a range of pinned ones."""

    cell: Cell
    seeds: int | range


@dataclass(slots=True)
class Matrix:
    """What the file comes to. problems: where in the file, and what is wrong there; unplannable: what cells
    suffer from, and which.
    """

    specs: list[Spec] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)
    problems: list[tuple[Where, str]] = field(default_factory=list)
    unplannable: dict[str, list[tuple[Where, str]]] = field(default_factory=dict)

    def all_problems(self) -> list[tuple[Where, str]]:
        """With one entry for what several cells suffer from."""
        told = []
        for problem, cells in self.unplannable.items():
            where, name = cells[0]
            more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
            told.append((where, f"{name}{more}: {problem}"))
        return [*told, *self.problems]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cell before its system was looked at."""

    where: Where
    table: SystemTable
    workload: str
    nemeses: str
    label: str
    keys: Mapping[str, Any]
    values: Mapping[str, Any]
    bug: str = ""
    rule: str = ""

    def id(self, workload: str) -> str:
        if self.bug:
            return f"zoo/{self.table.name}/{self.bug}"
        return f"{self.table.name}/{workload}/{self.nemeses}@{self.values['place']}" + (
            f"+{self.label}" if self.label else ""
        )


def expand(campaign: CampaignFile, look: Look) -> Matrix:
    """look: from systems, each with the values of its cells, to what was found of each, within limits."""
    matrix = Matrix()
    drafts = list(_drafts(campaign))
    systems = {reference_of(draft.table): list[_Draft]() for draft in drafts}
    if campaign.zoo is not None:
        systems |= {reference_of(t): [] for t in _zoo_tables() if reference_of(t) not in systems}
    for draft in drafts:
        systems[reference_of(draft.table)].append(draft)
    asked = {name: [draft.values for draft in mine] for name, mine in systems.items()}
    found = look(asked, _look_limits(merged([campaign.defaults])))
    cells: dict[str, Spec] = {}
    for name, mine in systems.items():
        looked = found[name].cells or tuple(Looked() for _ in mine)
        for draft, seen in zip(mine, looked, strict=True):
            _add(matrix, cells, draft, seen, campaign)
    if campaign.zoo is not None:
        _add_zoo(matrix, cells, campaign, found)
    if not matrix.all_problems():  # which may be why a pattern matches nothing
        _check_excluded(matrix, cells, campaign)
        _expect(matrix, cells, campaign)
    matrix.specs = list(cells.values())
    return matrix


def _look_limits(defaults: Mapping[str, Any]) -> Limits:
    """Of the look at a system: a minute, or less if runs have less."""
    limit_s = min(defaults.get("limit_time", LOOK_S), LOOK_S)
    return Limits(limit_s, defaults.get("limit_memory", MEMORY_MB), defaults.get("limit_disk", DISK_MB))


def reference_of(table: SystemTable) -> str:
    """What `splitbrain run` calls the system."""
    return table.system or table.name


def _drafts(campaign: CampaignFile) -> Iterator[_Draft]:
    tables = {table.name: table for table in campaign.systems}
    for n, matrix in enumerate(campaign.matrix):
        names = list(tables) if "*" in matrix.systems else matrix.systems
        for name in names:
            for workload in matrix.workloads:
                for nemeses in matrix.nemeses:
                    layers = (campaign.defaults, tables[name], matrix)
                    yield _draft(("matrix", n), tables[name], workload, nemeses, matrix.label, layers)
    for n, include in enumerate(campaign.include):
        table = tables[include.system]
        over = (campaign.defaults, table, include)
        yield _draft(("include", n), table, include.workload, include.nemeses, include.label, over)


def _draft(
    where: Where, table: SystemTable, workload: str, nemeses: str, label: str, layers: Sequence[RunKeys]
) -> _Draft:
    keys = merged(layers)
    values = values_of(keys, reference_of(table))
    if workload != "default":
        values["workload"] = workload
    values["nemeses"] = nemeses
    return _Draft(where, table, workload, nemeses, label, keys, values)


def merged(layers: Sequence[RunKeys]) -> dict[str, Any]:
    """The keys that are given, the later layer winning; options are merged key by key."""
    keys: dict[str, Any] = {}
    options: dict[str, str] = {}
    for layer in layers:
        given = layer.model_dump(include=set(RunKeys.model_fields), exclude_none=True)
        options |= given.pop("options", {})
        keys |= given
    return {**keys, "options": options}


def values_of(keys: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """What `harness.config.configure` takes."""
    values = {_NAMES.get(key, key): value for key, value in keys.items() if key not in _OURS}
    return {"place": DEFAULT_PLACE, **values, "system": reference, "options": dict(keys["options"])}


def limits_of(keys: Mapping[str, Any], values: Mapping[str, Any], tries: int = 1) -> Limits:
    """What is given, or what a run of such a length may need and a hung one never reaches."""
    if values["place"] == "sim":
        usual = _SIM_LIMIT_S + tries
    else:
        judging = min(values.get("judge_time_s", 300.0), 300.0) * JUDGES
        usual = 120.0 + 2 * values.get("time_s", 30.0) + values.get("ready_timeout_s", 20.0) + judging
    memory_mb, disk_mb = keys.get("limit_memory", MEMORY_MB), keys.get("limit_disk", DISK_MB)
    return Limits(keys.get("limit_time", usual), memory_mb, disk_mb)


def _add(matrix: Matrix, cells: dict[str, Spec], draft: _Draft, seen: Looked, campaign: CampaignFile) -> None:
    name = draft.id(seen.workload or draft.workload)
    seeds = draft.keys.get("seeds", campaign.seeds)
    excluded = next((table for table in campaign.exclude if _matching(name, table.cells)), None)
    if excluded is not None:
        runs = seeds if isinstance(seeds, int) else len(seed_range(seeds))
        matrix.left.append(LeftOut(name, excluded.reason, runs))
        return
    if seen.problem:
        where = draft.where
        if seen.problem.startswith("-o ") and draft.table in campaign.systems:
            where = ("systems", campaign.systems.index(draft.table), "options")
        matrix.unplannable.setdefault(seen.problem, []).append((where, name))
        return
    cell = Cell(
        id=name,
        system=draft.table.name,
        workload=seen.workload or draft.workload,
        nemeses=draft.nemeses,
        place=draft.values["place"],
        values=dict(draft.values),
        limits=limits_of(draft.keys, draft.values),
    )
    spec = Spec(cell, seed_range(seeds) if isinstance(seeds, str) else seeds)
    if cells.get(name, spec) != spec:
        said = f"{name} is there twice, and differs: give one of them a label"
        matrix.problems.append((draft.where, said))
    cells[name] = spec


def _zoo_tables() -> list[SystemTable]:
    """The systems whose planted bugs are meant: those that are installed, named or not."""
    from harness.plugins import installed

    return [SystemTable(name=name) for name in installed()]


def _add_zoo(
    matrix: Matrix, cells: dict[str, Spec], campaign: CampaignFile, found: Mapping[str, Examined]
) -> None:
    zoo = campaign.zoo
    assert zoo is not None
    bugs = {f"{t.name}/{bug.name}": (t, bug) for t in _zoo_tables() for bug in found[t.name].bugs}
    for key, patterns in (("bugs", zoo.bugs), ("skip", zoo.skip)):
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in bugs):
                said = f"zoo.{key}: no planted bug is called {pattern!r}: {suggestion(pattern, bugs)}"
                matrix.problems.append((("zoo", key), said))
    for name, (table, bug) in bugs.items():
        if not any(fnmatchcase(name, pattern) for pattern in zoo.bugs):
            continue
        if any(fnmatchcase(name, pattern) for pattern in zoo.skip):
            matrix.left.append(LeftOut(f"zoo/{name}", "named in zoo.skip", 1))
            continue
        excluded = next((t for t in campaign.exclude if _matching(f"zoo/{name}", t.cells)), None)
        if excluded is not None:
            matrix.left.append(LeftOut(f"zoo/{name}", excluded.reason, 1))
            continue
        values = {"place": "sim", "system": table.name, "options": {**bug.options, "bug": bug.name}}
        draft = _Draft(("zoo",), table, "default", "default", "", {"options": {}}, values, bug.name, bug.rule)
        cell = Cell(
            id=draft.id(""),
            system=table.name,
            workload="default",
            nemeses="default",
            place="sim",
            values=dict(values),
            limits=limits_of({}, values, zoo.tries),
            expect="anomaly",
            because=f"planted bug: {bug.rule}",
            tries=zoo.tries,
            bug=bug.name,
            rule=bug.rule,
        )
        cells[cell.id] = Spec(cell, range(1, 2))


def _matching(name: str, patterns: Sequence[str]) -> bool:
    """A pattern matches a cell's id as a whole, or its beginning up to a slash."""
    return any(fnmatchcase(name, pattern) or fnmatchcase(name, pattern + "/*") for pattern in patterns)


def _check_excluded(matrix: Matrix, cells: Mapping[str, Spec], campaign: CampaignFile) -> None:
    names = [*cells, *(one.what for one in matrix.left)]
    for n, table in enumerate(campaign.exclude):
        _check_patterns(matrix, names, ("exclude", n, "cells"), table.cells)


def _expect(matrix: Matrix, cells: dict[str, Spec], campaign: CampaignFile) -> None:
    for n, table in enumerate(campaign.expect):
        _check_patterns(matrix, list(cells), ("expect", n, "cells"), table.cells)
        for name in [name for name in cells if _matching(name, table.cells)]:
            cell = msgspec.structs.replace(cells[name].cell, expect=table.outcome, because=table.reason)
            cells[name] = replace(cells[name], cell=cell)


def _check_patterns(matrix: Matrix, names: Sequence[str], where: Where, patterns: Sequence[str]) -> None:
    """A pattern that matches nothing is a problem."""
    for pattern in patterns:
        if not any(_matching(name, [pattern]) for name in names):
            said = f"{where[0]}[{int(where[1]) + 1}].cells: {pattern!r} is no cell: "
            matrix.problems.append((where, said + suggestion(pattern, names)))
