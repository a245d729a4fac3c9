"""`python -m benchmarks.lincheck [etcd|shapes|long|crashed|process ...] [--quick] [--json]`

All parts by default. Ctrl-C, or SIGTERM, prints what there is.
Exit code: 1 if a verdict was wrong, whatever the figures; 130 if interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.lincheck import crashed, etcd, long, process, shapes
from benchmarks.lincheck.figures import Report
from benchmarks.lincheck.isolation import pin
from benchmarks.lincheck.material import Missing

PARTS: dict[str, Any] = {"etcd": etcd, "shapes": shapes, "long": long, "crashed": crashed, "process": process}


def measured(name: str, quick: bool) -> tuple[Report | None, bool]:
    """The report of one part, of what there is if interrupted, and whether it was; None if it was skipped."""
    part, rows = PARTS[name], []
    try:
        for row in part.measure(quick):
            rows.append(row)
            if sys.stderr.isatty():
                print(f"\r\033[K{name}: {len(rows)} measured", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        return part.report(rows), True
    except Missing as missing:
        print(f"{name}: skipped: {missing}", file=sys.stderr)
        return None, False
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    return part.report(rows), False


def document(report: Report, complete: bool) -> dict[str, Any]:
    """A report for programs."""
    goals = [{**dataclasses.asdict(goal), "met": goal.met} for goal in report.goals]
    rows = [dataclasses.asdict(row) for row in report.data]
    notes, wrong = list(report.notes), list(report.wrong)
    return {
        "title": report.title,
        "notes": notes,
        "complete": complete,
        "goals": goals,
        "wrong": wrong,
        "rows": rows,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.lincheck", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller: a look, no figures to quote")
    parser.add_argument("--json", action="store_true", help="one JSON object by part, with every row")
    options = parser.parse_args(argv)
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    core = pin()
    if not options.json:
        print(f"one core (number {core}); ratio: Porcupine's ms over ours; machines differ: quote ratios\n")
    documents, wrong, interrupted = {}, False, False
    for name in dict.fromkeys(options.parts or PARTS):
        report, interrupted = measured(name, options.quick)
        if report is not None:
            wrong = wrong or bool(report.wrong)
            documents[name] = document(report, not interrupted)
            if not options.json:
                print(report.text() + ("(interrupted)\n" if interrupted else ""), flush=True)
        if interrupted:
            break
    if options.json:
        print(json.dumps(documents, indent=1))
    return 1 if wrong else 130 if interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
