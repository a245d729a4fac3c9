"""What triage found out, as a table and as JSON.

Invariant: nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.night import Night
from harness.triage.runs import Tally
from harness.triage.small import Small
from reports import archive
from reports.campaign.wilson import in_words, interval
from reports.words import count

UNTOLD = "cannot be told"


class Told(msgspec.Struct, frozen=True):
    """A failure after triage. interval: of the rate at which it shows; silent: why runs say nothing; small:
    the small run's report, with its size, None if there is none; note: what else is to be known of it.
    """

    failure: str
    fingerprint: str
    system: str
    what: str
    job: str
    word: str
    shown: int
    runs: int
    same: int
    asked: int
    interval: tuple[float, float]
    silent: dict[str, int]
    alike: int
    replay: str
    ops: int
    faults: int
    small: dict[str, Any] | None
    note: str

    @classmethod
    def of(cls, tally: Tally, small: Small) -> Told:
        """From what was counted, and the small run."""
        subject, result = tally.subject, tally.subject.result
        metrics = result.metrics
        smallest = None
        if small.folder is not None:
            report = str(small.folder / archive.HTML)
            smallest = {"ops": small.ops, "faults": small.faults, "report": report}
        return cls(
            failure=subject.name,
            fingerprint=subject.fingerprint,
            system=result.system,
            what=subject.what,
            job=subject.job.id,
            word=tally.word or UNTOLD,
            shown=tally.shown,
            runs=tally.runs,
            same=tally.same,
            asked=tally.asked,
            interval=interval(tally.shown, tally.runs),
            silent=dict(tally.silent),
            alike=subject.alike,
            replay=result.replay,
            ops=metrics.ok + metrics.fail + metrics.info,
            faults=metrics.planned,
            small=smallest,
            note=small.said,
        )


def short(tally: Tally) -> str:
    """In a few words."""
    if tally.word is None:
        return f"{UNTOLD} ({_silent(dict(tally.silent))})"
    return f"{tally.word}: {tally.shown} of {tally.runs} ({in_words(tally.shown, tally.runs)})"


def print_told(night: Night, told: Sequence[Told], page: Path, as_json: bool) -> None:
    """The result of a triage, on standard output."""
    if as_json:
        document = {
            "night": night.plan.id,
            "folder": str(night.folder),
            "report": str(page),
            "failures": told,
        }
        print(msgspec.json.format(msgspec.json.encode(document)).decode())
        return
    rows = [
        (
            one.failure,
            one.word,
            f"{one.shown} of {one.runs}",
            in_words(one.shown, one.runs),
            one.system,
            one.what,
        )
        for one in told
    ]
    head = ("failure", "word", "shown", "95 %", "system", "what")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row, one in zip((head, *rows), (None, *told), strict=True):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        for line in _more(one) if one is not None else ():
            print(f"    {line}")
    print(f"report: {page}")


def _more(one: Told) -> Iterator[str]:
    if one.fingerprint and one.shown:
        yield f"{one.same} of the {one.shown} with the very same fingerprint"
    if one.silent:
        yield f"runs that say nothing of it: {_silent(one.silent)}"
    left = one.asked - one.runs - sum(one.silent.values())
    if left:
        yield f"stopped: {left} of {count(one.asked, 'run')} not done"
    if one.alike > 1:
        yield f"it stands for {count(one.alike, 'run')} of the night"
    if one.small is not None:
        now = f"{count(one.small['ops'], 'operation')} and {count(one.small['faults'], 'fault')}"
        yield f"small: {now}, of {one.ops} and {one.faults}: {one.small['report']}"
    if one.note:
        yield one.note
    yield f"replay: {one.replay}"


def _silent(silent: dict[str, int]) -> str:
    return ", ".join(f"{number} {why}" for why, number in sorted(silent.items())) or "none ended"
