"""`splitbrain list` and `splitbrain show`: what there is, as text or JSON.

Invariants: a system that cannot be loaded is listed with its error instead of hiding the others.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from harness.errors import EXIT_NOTHING, EXIT_VALID, ConfigError, SplitbrainError
from harness.plugins import installed, load_system
from harness.suggestion import suggestion
from harness.workload import WORKLOADS
from nemeses.catalogue import CATALOGUE

Row = dict[str, Any]
STORED = ("runs", "nights", "fingerprints")  # what a folder of runs has


def _systems() -> list[Row]:
    return [_system_row(name) for name in installed()]


def _system_row(name: str) -> Row:
    try:
        system = load_system(name)
    except SplitbrainError as error:
        return {"name": name, "help": f"cannot be loaded: {error.problem}"}
    help_of = getattr(system, "option_help", {})
    options = {
        key: {"default": value, "help": help_of.get(key, "")}
        for key, value in getattr(system, "options", {}).items()
    }
    return {"name": name, "help": (type(system).__doc__ or "").strip().split("\n")[0], "options": options}


def _workloads() -> list[Row]:
    return [
        {"name": w.name, "help": w.help, "mix": dict(w.mix), "model": w.model} for w in WORKLOADS.values()
    ]


def _nemeses() -> list[Row]:
    return [
        {"name": name, "help": info.help, "shapes": list(info.shapes)} for name, info in CATALOGUE.items()
    ]


def _bugs() -> list[Row]:
    rows = []
    for name in installed():
        bugs = getattr(_loaded(name), "bugs", {})
        rows += [
            {"name": f"{name}/{bug}", "help": bugs[bug].rule, "options": dict(bugs[bug].options)}
            for bug in bugs
        ]
    return rows


def _loaded(name: str) -> Any:
    try:
        return load_system(name)
    except SplitbrainError:
        return None


def _rows(what: str, runs: Path) -> list[Row]:
    match what:
        case "systems":
            return _systems()
        case "workloads":
            return _workloads()
        case "nemeses":
            return _nemeses()
        case "bugs":
            return _bugs()
    from harness.campaign.listed import rows_of

    return rows_of(what, runs)


def show_list(what: str, runs: Path, as_json: bool) -> int:
    """Print the list; exit code 5 when it is empty."""
    rows = _rows(what, runs)
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        width = max((len(row["name"]) for row in rows), default=0)
        sys.stdout.write("".join(f"{row['name']:{width}}  {row['help']}\n" for row in rows))
        if not rows:
            print(f"no {what}" + (f" in {runs}" if what in STORED else ""))
    return EXIT_VALID if rows else EXIT_NOTHING


def show_one(name: str, runs: Path, as_json: bool) -> int:
    """Print one system, workload, nemesis, run, night or fingerprint."""
    from harness.campaign import shown

    folder = Path(name) if Path(name).is_dir() else runs / name
    if shown.is_night(folder):
        return shown.show_night(folder, as_json)
    if (folder / "plan.json").exists():
        return _show_run(folder, as_json)
    if (folder / "card.json").exists():
        return shown.show_card(shown.read_card(folder), as_json)
    found = shown.fingerprints_like(runs, name)
    if len(found) == 1:
        return shown.show_fingerprint(found[0], runs, as_json)
    everything = {row["name"]: row for rows in (_systems(), _workloads(), _nemeses()) for row in rows}
    if name not in everything:
        raise ConfigError(f"nothing is called {name!r}", fix=suggestion(name, everything))
    row = everything[name]
    if as_json:
        print(json.dumps(row, indent=1))
        return EXIT_VALID
    print(f"{row['name']}: {row['help']}")
    for key, option in row.get("options", {}).items():
        print(f"  -o {key}={option['default']}  {option['help']}")
    for key in ("mix", "model", "shapes"):
        if key in row:
            print(f"  {key}: {row[key]}")
    return EXIT_VALID


def _show_run(folder: Path, as_json: bool) -> int:
    if not (folder / "card.json").exists():
        raise ConfigError(
            f"{folder}: the run has no report (its controller was killed)", fix=f"splitbrain check {folder}"
        )
    print((folder / ("card.json" if as_json else "report.txt")).read_text())
    return EXIT_VALID
