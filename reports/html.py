"""One run as one page: `report.html`, which needs no network, no script and no other file.

Laws: every value of the record is made visible and escaped by the template engine; only the pictures of
`reports.svg` go in as markup; an undefined name in a template is an error, never an empty string.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from checkers.verdict import CounterExample
from reports import strength, tables
from reports.answer import answer, counter_examples
from reports.record import ClaimResult, RunRecord
from reports.svg import counter_example, whole_run
from reports.templates import environment
from reports.words import clip, count, one_line, value

WIDE_PX = 1060
NARROW_PX = 330
MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Example:
    """A counter-example ready for the page: its heading, facts, two pictures (for wide and narrow pages) and
    rows.
    """

    title: str
    facts: str
    initial: str
    wide: Markup
    narrow: Markup
    rows: list[tables.StepRow]


def render(record: RunRecord) -> str:
    """The whole page for `record` as HTML text (UTF-8 when written)."""
    found = counter_examples(record)
    shown = found[:MOST_EXAMPLES]
    pictured = [example for _, example in found]
    origin = record.card.start_ns
    faults = record.history.disturbances
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            card=record.card,
            answer=answer(record),
            examples=[_example(record, claim, found, n) for n, (claim, found) in enumerate(shown, 1)],
            examples_hidden=len(found) - len(shown),
            run_wide=whole_run.draw(record, pictured, width=WIDE_PX, name="run-wide"),
            run_narrow=whole_run.draw(record, pictured, width=NARROW_PX, name="run-narrow"),
            faults=tables.fault_rows(faults, origin),
            faults_hidden=max(len(faults) - tables.MOST_FAULTS, 0),
            claims=tables.claim_rows(record.claims),
            strength=strength.of_record(record),
            figures=tables.figures(strength.of_record(record)),
            settings=tables.settings(record),
            surroundings=tables.surroundings(record),
        )
    )


def _example(record: RunRecord, claim: ClaimResult, found: CounterExample, number: int) -> Example:
    card, faults = record.card, record.history.disturbances
    end_ns = max(card.end_ns, card.heal_ns or 0)

    def picture(width: float, name: str) -> Markup:
        return counter_example.draw(
            found,
            faults,
            origin_ns=card.start_ns,
            end_ns=end_ns,
            width=width,
            name=f"example-{number}-{name}",
        )

    left_out = f"; {count(found.left_out, 'other operation')} of this key left out" if found.left_out else ""
    fault = "nothing allows" if len(found.ops) == 1 else "contradict each other"
    return Example(
        title=f"Key {clip(value(found.key), 80)}: {clip(one_line(claim.name), 80)}",
        facts=f"{count(len(found.ops), 'operation')} that {fault}{left_out}. "
        f"Model: {clip(one_line(found.model), 80)}.",
        initial=clip(one_line(found.initial), 120),
        wide=picture(WIDE_PX - 40, "wide"),
        narrow=picture(0, "narrow"),
        rows=tables.step_rows(found, card.start_ns),
    )
