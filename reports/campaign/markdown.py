"""One night of a campaign as Markdown: what GitHub shows as the summary of a step.

Laws: never more bytes than asked for (a step's summary above 1 MiB is lost whole), the most important first;
a stranger's text passes `reports.campaign.inert`; no table grows with the number of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checkers.anomalies import explained
from reports import tables
from reports.campaign import matrix, trends
from reports.campaign.answer import answer, need_a_look, ordered
from reports.campaign.cutting import Section, fitted
from reports.campaign.groups import MARKS, facts, step_rows
from reports.campaign.inert import code, head, inert, row
from reports.campaign.page import bug_rows, figures
from reports.campaign.record import CampaignRecord, Group
from reports.words import duration

LIMIT = 1_000_000  # GitHub takes 1 MiB
MOST_FINDINGS = 50
MOST_NEW = 50
MOST_STEPS = 20
MOST_ROWS = 300
SENTENCE = 400
_MARKS = {"bad": "❌", "good": "✅", "warn": "⚠️", "neutral": "⏸️"}


def summary(record: CampaignRecord, limit: int = LIMIT) -> str:
    """The summary, at most `limit` bytes of UTF-8; empty if not even its first sentence fits."""
    groups = ordered(record.groups)
    new = [g for g in groups if g.status == "new" and not g.expected]
    ongoing = [g for g in groups if g.status == "ongoing" and not g.expected]
    others = [g for g in groups if g.status in ("gone", "not looked for") and not g.expected]
    sections = [
        _numbers(record),
        _section("new fingerprints", "New fingerprints", (), [_block(g) for g in new[:MOST_NEW]]),
        _groups("more new fingerprints", "More new fingerprints", new[MOST_NEW:]),
        _groups("ongoing", "Ongoing", ongoing),
        _looks(record),
        _matrix(record),
        _section("vanished cells", "Vanished cells", (), _points(record.vanished, code)),
        _bugs(record),
        _groups("expected", "Expected anomalies", [g for g in groups if g.expected]),
        _groups("not seen tonight", "Not seen tonight", others),
        _trends(record),
        _left(record),
        *_surroundings(record),
    ]
    return fitted([_top(record), *(section for section in sections if section.rows)], limit)


def _section(name: str, title: str, before: Sequence[str], rows: Sequence[str]) -> Section:
    return Section(name, f"### {title}", tuple(before), tuple(rows))


def _table(name: str, title: str, names: list[str], rows: Sequence[list[str]]) -> Section:
    """A table of at most `MOST_ROWS` rows; a last one counts the others."""
    more = len(rows) - MOST_ROWS
    told = list(rows[:MOST_ROWS]) + ([[f"… {more:,} more", *[""] * (len(names) - 1)]] if more > 0 else [])
    return _section(name, title, head(names), [row(cells) for cells in told])


def _top(record: CampaignRecord) -> Section:
    told = answer(record)
    where = f"{inert(record.campaign, 80)}, {inert(record.night, 80)}"
    shard = f", shard {inert(record.shard, 40)}" if record.shard else ""
    return Section(
        "findings",
        f"## {_MARKS[told.tone]} {told.title}: {where}{shard}",
        (told.facts, ""),
        tuple(_points(told.sentences, lambda text: inert(text, SENTENCE), MOST_FINDINGS)),
    )


def _points(texts: Sequence[str], written: Callable[[str], str], most: int = MOST_ROWS) -> list[str]:
    """A list's points; a last one counts those that are left out."""
    more = [f"- … {len(texts) - most:,} more"] if len(texts) > most else []
    return [f"- {written(text)}" for text in texts[:most]] + more


def _numbers(record: CampaignRecord) -> Section:
    told = figures(record)
    return _table("numbers", "Numbers", [f"{f.label}:" for f in told], [[inert(f.number) for f in told]])


def _block(group: Group) -> str:
    """A new fingerprint, with its counter-example."""
    known = f" – {inert(group.known, 200)}" if group.known else ""
    title = f"{inert(group.system, 80)} · {inert(group.workload, 80)}: {code(group.anomaly, 80)}{known}"
    lines = [f"#### {MARKS[group.status]} {title}", "", inert(group.sentence, SENTENCE) or "–"]
    lines += ["", explained(group.anomaly)] if explained(group.anomaly) else []
    named = [("place", group.place or "–"), *facts(group)]
    lines += ["", "; ".join(f"{name}: {inert(told)}" for name, told in named)]
    lines += _steps(group)
    lines += ["", f"Replay: {code(group.replay, 1_000)}"]
    lines += ["", f"Page of the run: {code(group.report)}"] if group.report else []
    return "\n".join(lines) + "\n"


def _steps(group: Group) -> list[str]:
    if group.example is None or not group.example.ops:
        return []
    names = [
        "order:",
        "process:",
        "operation",
        "node",
        "outcome",
        "called (s):",
        "returned (s):",
        "state, or why stuck",
    ]
    steps = step_rows(group.example)
    more = len(group.example.ops) - min(len(steps), MOST_STEPS)
    told = [row(_step(step)) for step in steps[:MOST_STEPS]]
    return ["", *head(names), *told] + (["", f"{more:,} more operations are not shown."] if more else [])


def _step(step: tables.StepRow) -> list[str]:
    order = "✕" if step.kind == tables.STUCK else step.order or "–"
    words = [step.process, code(step.operation, 120), inert(step.node, 60), inert(step.outcome, 120)]
    return [order, *words, step.called, step.returned, inert(step.told, 160)]


def _groups(name: str, title: str, groups: Sequence[Group]) -> Section:
    names = [
        "",
        "system",
        "workload",
        "anomaly",
        "what",
        "tonight:",
        "in all:",
        "first seen",
        "last seen",
        "replay",
    ]
    return _table(name, title, names, [_group(g) for g in groups])


def _group(group: Group) -> list[str]:
    because = f" (expected: {inert(group.because, 120)})" if group.because else ""
    known = f" ({inert(group.known, 120)})" if group.known else ""
    return [
        f"{MARKS[group.status]} {group.status}",
        inert(group.system, 60),
        inert(group.workload, 60),
        code(group.anomaly, 80),
        inert(group.sentence, 240) + because + known,
        f"{group.tonight:,}",
        f"{group.total:,}",
        inert(group.first_seen, 40),
        inert(group.last_seen, 40),
        code(group.replay, 400),
    ]


def _looks(record: CampaignRecord) -> Section:
    names = ["what", "run", "seed:", "why", "time:", "replay"]
    rows = [
        [
            inert(run.cause or ("below a threshold" if run.outcome == "valid" else run.outcome), 40),
            code(run.cell, 160),
            str(run.seed),
            inert(run.trouble),
            duration(run.seconds),
            code(run.replay, 400),
        ]
        for run in need_a_look(record)
    ]
    return _table("runs to look at", "Runs that need a look", names, rows)


def _matrix(record: CampaignRecord) -> Section:
    """Cells that are not as expected first, since what does not fit is cut from the end."""
    names = ["system", "workload", "faults", "place", "nights", "verdict", "tonight:", "nights shown:"]
    every = [(system, made) for system, cells in matrix.systems(record) for made in cells]
    every.sort(key=lambda one: one[1].tone == "good")
    rows = [
        [
            inert(system, 60),
            *(inert(text, 60) for text in (made.workload, made.nemeses, made.place)),
            code("".join(night.letter for night in made.nights)),
            inert(made.verdict if made.tone == "good" else f"⚠ {made.verdict}", 60),
            _rate(made.tonight),
            _rate(made.all_nights),
        ]
        for system, made in every
    ]
    return _table("matrix", "Matrix", names, rows)


def _rate(rate: matrix.Rate) -> str:
    told = " ".join(filter(None, (rate.count, rate.share, f"({rate.interval})" if rate.interval else "")))
    return inert(told)


def _bugs(record: CampaignRecord) -> Section:
    names = ["found", "bug", "rule it breaks", "as", "seeds:", "last found"]
    rows = [
        [
            bug.badge,
            code(bug.name, 120),
            inert(f"{bug.rule} {bug.said}"),
            code(bug.anomaly, 80),
            bug.seeds,
            inert(bug.last_found),
        ]
        for bug in bug_rows(record)
    ]
    return _table("planted bugs", "Planted bugs", names, rows)


def _trends(record: CampaignRecord) -> Section:
    rows = [
        [inert(trend.of, 80), inert(trend.what, 80), inert(trends.told(trend), 80)]
        for trend in record.trends
        if trends.measured(trend.values)
    ]
    return _table("trends", "Trends", ["of", "median of", "first night → tonight"], rows)


def _left(record: CampaignRecord) -> Section:
    rows = [[code(left.what, 160), f"{left.runs:,}", inert(left.why)] for left in record.left]
    return _table("not done", "Not done", ["what", "runs:", "why"], rows)


def _surroundings(record: CampaignRecord) -> list[Section]:
    told = [[inert(str(name), 80), code(str(what))] for name, what in record.environment.items()]
    again = [code(record.command, 2_000)] if record.command else []
    return [
        _section("notes", "Notes", (), _points(record.notes, inert)),
        _table("environment", "Environment", ["name", "value"], told),
        _section("the command", "Again", (), again),
    ]
