"""One night of a campaign as one page, which needs no network, no script and no other file.

Laws: every value of the record is made visible and escaped by the template engine; only the pictures of
`reports.svg` and of the trends go in as markup; the only links that leave the page are relative paths to the
pages of runs; no list grows with the number of runs: what is left out is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reports.campaign import groups, matrix, trends
from reports.campaign.answer import answer, need_a_look
from reports.campaign.links import relative
from reports.campaign.record import Bug, CampaignRecord, Night, RunRow
from reports.tables import Figure
from reports.templates import environment
from reports.words import clip, count, duration, one_line

MOST_LOOKS = 200
MOST_BUGS = 500
MOST_LEFT = 200
MOST_VANISHED = 200
NIGHTS = 14


@dataclass(frozen=True, slots=True)
class LookRow:
    """One run that needs a look. badge: its cause, or its outcome."""

    tone: str
    badge: str
    cell: str
    seed: str
    trouble: str
    taken: str
    ops: str
    replay: str
    link: str


@dataclass(frozen=True, slots=True)
class BugRow:
    """One planted bug. tone: "bad" for one that was hunted in vain."""

    tone: str
    badge: str
    name: str
    rule: str
    anomaly: str
    seeds: str
    last_found: str
    said: str


@dataclass(frozen=True, slots=True)
class NightRow:
    """One night of the campaign."""

    id: str
    started_at: str
    taken: str
    runs: str
    unexpected: int
    failed: int
    inconclusive: int
    exit_code: str


def render(record: CampaignRecord) -> str:
    """The whole page for `record` as HTML text (UTF-8 when written)."""
    unexpected, expected, hidden = groups.rows(record)
    looks = need_a_look(record)
    names = [clip(one_line(night.id), 40) for night in record.nights[-matrix.MOST_NIGHTS :]]
    return (
        environment()
        .get_template("campaign.html.j2")
        .render(
            record=record,
            answer=answer(record),
            figures=figures(record),
            unexpected=unexpected,
            expected=expected,
            groups_hidden=hidden,
            looks=[_look(run) for run in looks[:MOST_LOOKS]],
            looks_hidden=max(len(looks) - MOST_LOOKS, 0),
            matrix=matrix.systems(record),
            matrix_hidden=max(len(record.cells) - matrix.MOST_CELLS, 0),
            legend=[(kind, matrix.LETTERS[kind], words) for kind, words in matrix.LEGEND],
            night_names=names,
            vanished=[clip(one_line(cell), 160) for cell in record.vanished[:MOST_VANISHED]],
            charts=trends.systems(record),
            nights=[_night(night) for night in reversed(record.nights[-NIGHTS:])],
            bugs=bug_rows(record),
            left=[(_short(x.what), _short(x.why), count(x.runs, "run")) for x in record.left[:MOST_LEFT]],
            surroundings=_surroundings(record),
        )
    )


def figures(record: CampaignRecord) -> list[Figure]:
    """The night in numbers."""
    outcomes = Counter((run.outcome, run.expect) for run in record.runs)
    statuses = Counter(group.status for group in record.groups if not group.expected)
    unexpected = outcomes["anomaly", "valid"]
    failed = outcomes["failed", "valid"] + outcomes["failed", "anomaly"]
    unknown = outcomes["inconclusive", "valid"] + outcomes["inconclusive", "anomaly"]
    hunted = [bug.found for bug in record.bugs if bug.found is not None]
    undone = sum(left.runs for left in record.left)
    told = [
        Figure("runs", f"{len(record.runs):,}", f"of {count(len(record.cells), 'cell')}", not record.runs),
        Figure("not expected", f"{unexpected:,}", "runs with an anomaly", unexpected > 0),
        Figure(
            "new fingerprints",
            f"{statuses['new']:,}",
            f"and {statuses['ongoing']:,} ongoing",
            statuses["new"] > 0,
        ),
        Figure("failed", f"{failed:,}", "runs without a verdict", failed > 0),
        Figure("inconclusive", f"{unknown:,}", "runs", unknown > 0),
        Figure("not done", f"{undone:,}", "runs", undone > 0),
        Figure("time", duration(record.seconds), "on the wall clock"),
    ]
    if record.bugs:
        told.append(Figure("planted bugs", f"{sum(hunted)}/{len(hunted)}", "found again", not all(hunted)))
    return told


def _short(text: str, limit: int = 300) -> str:
    return clip(one_line(text), limit)


def _look(run: RunRow) -> LookRow:
    badge = _short(run.cause or ("below a threshold" if run.outcome == "valid" else run.outcome), 40)
    return LookRow(
        tone="bad" if run.outcome == "failed" else "warn",
        badge=badge,
        cell=_short(run.cell, 160),
        seed=str(run.seed),
        trouble=_short(run.trouble, 400),
        taken=duration(run.seconds),
        ops=f"{run.ops:,}",
        replay=clip(run.replay, 600),
        link=relative(run.report),
    )


def bug_rows(record: CampaignRecord) -> list[BugRow]:
    """Missing ones first, then those not hunted, then found ones."""
    ranks = {False: 0, None: 1, True: 2}
    ordered = sorted(record.bugs, key=lambda bug: (ranks[bug.found], bug.system, bug.name))
    return [_bug(bug) for bug in ordered[:MOST_BUGS]]


def _bug(bug: Bug) -> BugRow:
    tones = {False: ("bad", "missed"), None: ("neutral", "not hunted"), True: ("good", "found")}
    tone, badge = tones[bug.found]
    return BugRow(
        tone=tone,
        badge=badge,
        name=_short(f"{bug.system}/{bug.name}", 120),
        rule=_short(bug.rule),
        anomaly=_short(bug.anomaly, 80),
        seeds="–" if bug.seeds is None else f"{bug.seeds:,}",
        last_found=_short(bug.last_found, 60) or "never",
        said=_short(bug.said),
    )


def _night(night: Night) -> NightRow:
    return NightRow(
        id=_short(night.id, 60),
        started_at=_short(night.started_at, 60),
        taken=duration(night.seconds),
        runs=f"{night.runs:,}",
        unexpected=night.unexpected,
        failed=night.failed,
        inconclusive=night.inconclusive,
        exit_code="–" if night.exit_code is None else str(night.exit_code),
    )


def _surroundings(record: CampaignRecord) -> list[tuple[str, str]]:
    """What names the night, then versions and place."""
    own = [
        ("campaign", record.campaign),
        ("night", record.night),
        ("shard", record.shard),
        ("folder", record.folder),
    ]
    named = [(name, _short(told)) for name, told in own if told]
    return named + [(_short(str(k), 80), _short(str(v))) for k, v in record.environment.items()]
