"""Failures of one fingerprint as the page shows them: in words, as a picture, as a table.

Laws: strings only, clipped but not yet escaped; pictures and rows have a budget for the whole page, spent in
the order in which groups are told, so that neither its size nor its time grows with the number of failures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from markupsafe import Markup

from checkers.anomalies import explained
from checkers.verdict import CounterExample
from reports import tables
from reports.campaign.answer import ordered
from reports.campaign.links import relative
from reports.campaign.record import CampaignRecord, Group
from reports.svg import counter_example
from reports.words import clip, count, one_line, value

MOST_GROUPS = 300
MOST_DRAWN = 200  # operations in all pictures of the page
MOST_ROWS = 1_500  # operations in all tables of the page
MOST_ROWS_OF_ONE = 60
SENTENCE = 500
NAME = 80
MARKS = {"new": "★", "ongoing": "●", "gone": "○", "not looked for": "–"}


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One fingerprint. folded: whether the counter-example is shown only when asked for; picture: "" if none
    is drawn; hidden: operations that the table leaves out; link: "" for none.
    """

    number: int
    status: str
    mark: str
    badge: str
    system: str
    workload: str
    place: str
    anomaly: str
    explained: str
    expected: bool
    because: str
    known: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    key: str
    initial: str
    picture: Markup
    rows: list[tables.StepRow]
    hidden: int
    replay: str
    link: str
    folded: bool


class Budget:
    """What is left of the page's pictures and rows."""

    def __init__(self) -> None:
        self.drawn = MOST_DRAWN
        self.rows = MOST_ROWS

    def draws(self, found: CounterExample) -> bool:
        """Take the operations of a picture, if they are still there."""
        wanted = min(len(found.ops), counter_example.MOST_OPERATIONS)
        if not 0 < wanted <= self.drawn:
            return False
        self.drawn -= wanted
        return True

    def takes(self, rows: int) -> int:
        """Take so many rows of a table, or as many as there are."""
        taken = min(rows, MOST_ROWS_OF_ONE, self.rows)
        self.rows -= taken
        return taken


def rows(record: CampaignRecord) -> tuple[list[GroupRow], list[GroupRow], int]:
    """The groups nobody expected, the expected ones, and how many are not among them for want of room."""
    unexpected = ordered(g for g in record.groups if not g.expected)
    expected = ordered(g for g in record.groups if g.expected)
    shown = (unexpected + expected)[:MOST_GROUPS]
    made = _made(shown)
    cut = sum(not g.expected for g in shown)
    return made[:cut], made[cut:], len(record.groups) - len(shown)


def _made(groups: Iterable[Group]) -> list[GroupRow]:
    budget = Budget()
    return [_row(group, n, budget) for n, group in enumerate(groups, 1)]


def _row(group: Group, number: int, budget: Budget) -> GroupRow:
    found = group.example
    table = step_rows(found)[: budget.takes(len(found.ops))] if found else []
    drawn = _draw(found, number) if found and budget.draws(found) else Markup("")
    return GroupRow(
        number=number,
        status=group.status.replace(" ", "-"),
        mark=MARKS[group.status],
        badge=group.status,
        system=_name(group.system),
        workload=_name(group.workload),
        place=_name(group.place),
        anomaly=_name(group.anomaly) or "unnamed anomaly",
        explained=explained(group.anomaly),
        expected=group.expected,
        because=clip(one_line(group.because), SENTENCE),
        known=clip(one_line(group.known), 200),
        sentence=clip(one_line(group.sentence), SENTENCE),
        facts=facts(group),
        key="" if found is None else clip(one_line(value(found.key)), NAME),
        initial="" if found is None else clip(one_line(found.initial), NAME),
        picture=drawn,
        rows=table,
        hidden=len(found.ops) - len(table) if found else 0,
        replay=clip(group.replay, 1_000),
        link=relative(group.report),
        folded=group.status != "new",
    )


def facts(group: Group) -> tuple[tuple[str, str], ...]:
    """What is known of the group in short, each with its name."""
    faults = [clip(one_line(f), 40) for f in group.faults[:8]]
    more = [f"{len(group.faults) - 8} more"] if len(group.faults) > 8 else []
    return (
        ("tonight", f"{count(group.tonight, 'run')} of {group.total:,} in all nights"),
        ("first seen", _name(group.first_seen) or "–"),
        ("last seen", _name(group.last_seen) or "–"),
        ("faults active", ", ".join(faults + more) or "none"),
        ("model", _name(group.model) or "–"),
        ("seed", str(group.seed)),
        ("fingerprint", _name(group.fingerprint)),
    )


def _name(text: str) -> str:
    return clip(one_line(text), NAME)


def step_rows(found: CounterExample) -> list[tables.StepRow]:
    """The first operations, in order of call; times since the first one."""
    kept = msgspec.structs.replace(found, ops=found.ops[:MOST_ROWS_OF_ONE])
    return tables.step_rows(kept, _origin(found))


def _origin(found: CounterExample) -> int:
    """The first call: a group outlives its runs, so nobody knows when that run's workload began."""
    return min((op.call_ns for op in found.ops), default=0)


def _draw(found: CounterExample, number: int) -> Markup:
    """The picture without a run around it: no faults behind, times since the first call."""
    drawn = counter_example.draw(
        found, (), origin_ns=_origin(found), end_ns=0, width=1, name=f"group-{number}-picture"
    )
    return drawn.replace("since the start of the workload", "since the first call")
