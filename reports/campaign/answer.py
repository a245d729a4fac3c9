"""What a night says in a few words: the banner of its page and the head of its summary, and the order in
which failures are told.

Laws: the page and the summary say the same, since both take it from here; the worst is said first (anomalies
nobody expected, then failures, then expected anomalies that are gone, then what is undecided); a night whose
exit code is not 0 is never said to be as expected, and neither is one in which nothing ran or that goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.campaign.record import CampaignRecord, Group, RunRow
from reports.words import count, duration, one_line

UNEXPECTED, FAILED, GONE, UNDECIDED = "unexpected", "failed", "gone", "undecided"
NOTHING, UNFINISHED, FINE = "nothing", "unfinished", "fine"
TITLES = {
    UNEXPECTED: "Anomalies that nobody expected",
    FAILED: "Runs failed",
    GONE: "Expected anomalies are gone",
    UNDECIDED: "Inconclusive",
    NOTHING: "Nothing ran",
    UNFINISHED: "Not finished",
    FINE: "As expected",
}
TONES = {UNEXPECTED: "bad", FAILED: "bad", FINE: "good", UNFINISHED: "neutral"}
STATUSES = ("new", "ongoing", "gone", "not looked for")
_BY_EXIT_CODE = {
    0: FINE, 1: UNEXPECTED, 2: UNDECIDED, 3: FAILED, 5: NOTHING, 130: UNFINISHED, 143: UNFINISHED,
}  # fmt: skip
_OUTCOMES = ("failed", "interrupted", "inconclusive")


@dataclass(frozen=True, slots=True)
class Answer:
    """kind: one of `TITLES`; tone: "good" | "bad" | "warn" | "neutral"; facts: the night in a line;
    sentences: the most telling first, never none.
    """

    kind: str
    title: str
    tone: str
    facts: str
    sentences: tuple[str, ...]


def answer(record: CampaignRecord) -> Answer:
    """What the night says."""
    kind = _kind(record)
    told = tuple(dict.fromkeys(s for s in map(one_line, record.findings) if s))
    return Answer(
        kind, TITLES[kind], TONES.get(kind, "warn"), _facts(record), told or (_fallback(record, kind),)
    )


def _kind(record: CampaignRecord) -> str:
    verdicts = {cell.verdict for cell in record.cells}
    troubled = {run.outcome for run in record.runs if run.trouble}
    if "unexpected anomaly" in verdicts or "anomaly" in troubled:
        return UNEXPECTED
    if "failed" in verdicts or "failed" in troubled:
        return FAILED
    if "expected anomaly gone" in verdicts or any(bug.found is False for bug in record.bugs):
        return GONE
    if not record.runs:
        return NOTHING
    if verdicts & {"inconclusive", "below a threshold"} or troubled:
        return UNDECIDED
    if record.exit_code is None:
        return UNFINISHED
    return _BY_EXIT_CODE.get(record.exit_code, FAILED)


def _facts(record: CampaignRecord) -> str:
    runs, cells = count(len(record.runs), "run"), count(len(record.cells), "cell")
    ops = count(sum(run.ops for run in record.runs), "operation")
    parts = [f"{runs} of {cells} in {duration(record.seconds)}", ops]
    undone = sum(left.runs for left in record.left)
    if undone:
        parts.append(f"{count(undone, 'run')} not done")
    if record.exit_code is None:
        parts.append("the night goes on, or was killed")
    else:
        parts.append(f"exit code {record.exit_code}")
    return "; ".join(parts) + "."


def _fallback(record: CampaignRecord, kind: str) -> str:
    if kind == FINE:
        return "Every run ended as its cell expects."
    if kind == NOTHING:
        return "No run of this night ended, so it says nothing of any system."
    if kind == UNFINISHED:
        return "All that ended until now is as expected."
    return f"No sentence was recorded; exit code {record.exit_code}."


def ordered(groups: Iterable[Group]) -> list[Group]:
    """The new ones first, then ongoing, gone, and not looked for; among equals the most frequent tonight."""
    ranks = {status: n for n, status in enumerate(STATUSES)}
    return sorted(groups, key=lambda g: (ranks[g.status], -g.tonight, -g.total, g.system, g.fingerprint))


def need_a_look(record: CampaignRecord) -> list[RunRow]:
    """The runs with trouble that are no anomalies: failed, then interrupted, then undecided, then below a
    threshold.
    """
    ranks = {outcome: n for n, outcome in enumerate(_OUTCOMES)}
    troubled = [run for run in record.runs if run.trouble and run.outcome != "anomaly"]
    return sorted(
        troubled, key=lambda run: (ranks.get(run.outcome, len(ranks)), run.cause, run.cell, run.seed)
    )


def system_of(cell: str) -> str:
    """The system in a cell's id, which begins with it."""
    return cell.split("/", 1)[0] or "?"
