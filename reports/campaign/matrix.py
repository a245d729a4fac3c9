"""The matrix of a campaign as rows: how each cell ended in the last nights, and how often it shows anomalies.

Laws: a night's letter is that of the worst that happened in it, and no two kinds share a letter, so colour is
never needed; a rate counts only runs that were decided (valid or anomaly), since an inconclusive or failed
one says nothing of how often the system errs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.campaign.record import CampaignRecord, CellRow, Tally
from reports.campaign.wilson import in_words
from reports.words import clip, count, one_line, shorten

MOST_NIGHTS = 14
MOST_CELLS = 1_000
LETTERS = {
    "unexpected": "A",
    "failed": "F",
    "gone": "G",
    "undecided": "?",
    "missed": "T",
    "expected": "E",
    "valid": "✓",
    "none": "·",
}
LEGEND = (
    ("unexpected", "an anomaly nobody expected"),
    ("failed", "a run failed"),
    ("gone", "the expected anomaly did not show"),
    ("undecided", "a run was inconclusive"),
    ("missed", "a run was below a threshold"),
    ("expected", "the expected anomaly showed"),
    ("valid", "all valid, as expected"),
    ("none", "not run"),
)
_TONES = {"as expected": "good", "unexpected anomaly": "bad", "failed": "bad", "not run": "neutral"}


@dataclass(frozen=True, slots=True)
class NightCell:
    """A cell in one night. kind: a key of `LETTERS`; title: its numbers in words."""

    kind: str
    letter: str
    title: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Anomalies among decided runs: "2/5", "40 %", "11.8–76.9 %"; dashes if none was decided. share is "" for
    none of n, where the interval says all.
    """

    count: str
    share: str
    interval: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One cell: `tone` of its verdict, the last nights, tonight's rate and the rate of all nights shown."""

    id: str
    workload: str
    nemeses: str
    place: str
    verdict: str
    tone: str
    because: str
    nights: tuple[NightCell, ...]
    tonight: Rate
    all_nights: Rate


def systems(record: CampaignRecord) -> list[tuple[str, list[MatrixRow]]]:
    """The cells of each system, both in the record's order; at most `MOST_CELLS` in all."""
    names = [shorten(one_line(night.id), 40) for night in record.nights[-MOST_NIGHTS:]]
    rows: dict[str, list[MatrixRow]] = {}
    for cell in record.cells[:MOST_CELLS]:
        rows.setdefault(cell.system, []).append(_row(cell, names))
    return [(clip(one_line(system), 80), own) for system, own in rows.items()]


def _row(cell: CellRow, names: Sequence[str]) -> MatrixRow:
    shown = cell.nights[-len(names) :] if names else ()
    return MatrixRow(
        id=clip(one_line(cell.id), 160),
        workload=clip(one_line(cell.workload), 60),
        nemeses=clip(one_line(cell.nemeses) or "no faults", 100),
        place=clip(one_line(cell.place), 40),
        verdict=clip(one_line(cell.verdict), 40),
        tone=_TONES.get(cell.verdict, "warn"),
        because=clip(one_line(cell.because), 200),
        nights=tuple(_night(cell, tally, name) for tally, name in zip(shown, names, strict=False)),
        tonight=rate(shown[-1:]),
        all_nights=rate(shown),
    )


def _night(cell: CellRow, tally: Tally | None, name: str) -> NightCell:
    kind = kind_of(tally, cell.expect == "anomaly")
    return NightCell(kind, LETTERS[kind], f"{name}: {_numbers(tally)}")


def kind_of(tally: Tally | None, expected: bool) -> str:
    """The worst that happened, as a key of `LETTERS`."""
    if tally is None or not tally.runs:
        return "none"
    decided = tally.valid + tally.anomalies
    worst = (
        ("unexpected", tally.anomalies and not expected),
        ("failed", tally.failed),
        ("gone", expected and decided and not tally.anomalies),
        ("undecided", tally.inconclusive),
        ("missed", tally.missed),
        ("expected", tally.anomalies),
        ("valid", tally.valid),
    )
    return next((kind for kind, is_so in worst if is_so), "none")


def _numbers(tally: Tally | None) -> str:
    if tally is None:
        return "not run"
    parts = (
        (tally.valid, "valid", "valid"),
        (tally.anomalies, "anomaly", "anomalies"),
        (tally.inconclusive, "inconclusive", "inconclusive"),
        (tally.failed, "failed", "failed"),
        (tally.missed, "below a threshold", "below a threshold"),
    )
    told = ", ".join(count(n, one, many) for n, one, many in parts if n)
    return count(tally.runs, "run") + (f": {told}" if told else "")


def rate(tallies: Sequence[Tally | None]) -> Rate:
    """Of all the runs in `tallies` together."""
    k = sum(t.anomalies for t in tallies if t)
    n = k + sum(t.valid for t in tallies if t)
    if n == 0:
        return Rate("–", "", "")
    return Rate(f"{k:,}/{n:,}", _share(k, n) if k else "", in_words(k, n))


def _share(k: int, n: int) -> str:
    if 0.995 <= k / n < 1:
        return "> 99 %"
    return f"{100 * k / n:.0f} %" if k / n >= 0.1 else f"{100 * k / n:.2g} %"
