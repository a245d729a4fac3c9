"""What a person sees of a night: as it goes on, on stderr, and what came of it, on stdout.

Invariant: nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.jobs import Job, Result
from harness.campaign.weighing import trouble_of
from harness.progress import Counted
from reports.campaign.record import CampaignRecord
from reports.words import count, duration


class Watcher:
    """Shows a night as it goes on."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._words: Counter[str] = Counter()

    def done(self, job: Job, result: Result, number: int) -> None:
        """A line for what a person has to look at, the counts for all."""
        self._words[result.outcome] += 1
        trouble = trouble_of(result)
        if trouble:
            self._counted.note(f"{job.id}: {_short(trouble)}")
            self._counted.note(f"  replay: {result.replay}")
        self._counted.advance(number, ", ".join(f"{n} {word}" for word, n in sorted(self._words.items())))


def print_night(record: CampaignRecord, page: Path, as_json: bool) -> None:
    """The result of a night, on standard output."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(document_of(record, page))).decode())
        return
    for line in lines_of(record):
        print(line)
    print(f"report: {page}")


def document_of(record: CampaignRecord, page: Path) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "night": record.night,
        "exit_code": record.exit_code,
        "seconds": record.seconds,
        "runs": len(record.runs),
        "outcomes": dict(Counter(run.outcome for run in record.runs)),
        "findings": record.findings,
        "fingerprints": [
            {
                **{name: getattr(group, name) for name in ("fingerprint", "status", "expected", "system")},
                **{name: getattr(group, name) for name in ("anomaly", "tonight", "total", "replay")},
            }
            for group in record.groups
        ],
        "trouble": [run for run in record.runs if run.trouble],
        "left": record.left,
        "folder": record.folder,
        "report": str(page),
    }


def lines_of(record: CampaignRecord) -> Iterator[str]:
    """The result as a few lines of text."""
    outcomes = Counter(run.outcome for run in record.runs)
    counts = ", ".join(f"{number} {word}" for word, number in sorted(outcomes.items()))
    ran = f"{count(len(record.runs), 'run')} in {duration(record.seconds)}"
    yield f"{record.night}: {ran}: {counts or 'none'}"
    statuses: Counter[str] = Counter()
    for group in record.groups:
        statuses[f"{group.status}{' (expected)' if group.expected else ''}"] += 1
    if statuses:
        told_of = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
        yield f"fingerprints: {told_of}"
    left = sum(one.runs for one in record.left)
    if left:
        yield (
            f"{count(left, 'run')} left out: "
            + "; ".join(dict.fromkeys(one.why for one in record.left))[:400]
        )
    yield from record.findings or ("All is as expected.",)
    yield from _troubles(record)


def _troubles(record: CampaignRecord, most: int = 20) -> Iterator[str]:
    troubles = [run for run in record.runs if run.trouble]
    for run in troubles[:most]:
        yield f"  {run.job}: {_short(run.trouble)}"
        yield f"    replay: {run.replay}"
    if len(troubles) > most:
        yield f"  ... {len(troubles) - most} more are in the report"


def _short(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
