"""The answer of a run in words: what the banner says, the sentence under it, and whether that was expected.

Laws: the page and the screen of text say the same, since both take it from here; an outcome is never
described by its colour.
"""

from __future__ import annotations

from dataclasses import dataclass

from checkers.verdict import CounterExample, Invalid, Unknown, Valid
from reports.record import ClaimResult, RunRecord
from reports.words import count, one_line

TITLES = {
    "valid": "No anomaly found",
    "anomaly": "Anomaly found",
    "inconclusive": "Inconclusive",
    "failed": "The run failed",
    "interrupted": "Interrupted",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`outcome` as on the card; `title` for the banner; `sentences` the most telling first; `expectation` in
    words.

    tone: "good" | "bad" | "warn" | "neutral", how alarming it is once the expectation is taken into account.
    """

    outcome: str
    title: str
    sentences: tuple[str, ...]
    expectation: str
    tone: str


def answer(record: RunRecord) -> Answer:
    """What the run says."""
    card = record.card
    title = TITLES.get(card.outcome, card.outcome)
    failed_in = next((p.name for p in card.phases if p.error), None)
    if card.outcome == "failed" and failed_in:
        title = f"The run failed during {failed_in}"
    return Answer(
        card.outcome, title, _sentences(record), _expectation(record), _tone(card.outcome, card.as_expected)
    )


def broken(record: RunRecord) -> list[tuple[ClaimResult, Invalid]]:
    """The claims found broken, in the order judged."""
    return [(c, c.verdict) for c in record.claims if isinstance(c.verdict, Invalid)]


def counter_examples(record: RunRecord) -> list[tuple[ClaimResult, CounterExample]]:
    """The counter-examples of all broken claims that have one."""
    return [(c, v.counter_example) for c, v in broken(record) if v.counter_example and v.counter_example.ops]


def _sentences(record: RunRecord) -> tuple[str, ...]:
    card = record.card
    found = [v.sentence for _, v in broken(record)]
    errors = [f"{p.name}: {p.error}" for p in card.phases if p.error]
    unknown = [f"{c.name}: {c.verdict.reason}" for c in record.claims if isinstance(c.verdict, Unknown)]
    if card.outcome == "anomaly":
        told = found + list(card.reasons)
    elif card.outcome == "valid":
        told = [_all_held(record)]
    elif card.outcome == "inconclusive":
        told = list(card.reasons) + unknown + found
    else:
        told = list(card.reasons) + found
        told = told or errors
    unique = dict.fromkeys(one_line(s) for s in told if s)
    return tuple(unique) or ("No reason was recorded.",)


def _all_held(record: RunRecord) -> str:
    held = [(c.name, c.verdict.checked) for c in record.claims if isinstance(c.verdict, Valid)]
    if not held:
        return "No claim was found broken."
    most = max(checked for _, checked in held)
    names = ", ".join(name for name, _ in held)
    return f"{count(most, 'operation')} judged; every one agrees with: {names}."


def _expectation(record: RunRecord) -> str:
    card = record.card
    if card.outcome in ("failed", "interrupted", "inconclusive"):
        return f"Expected: {card.expect}. This run cannot tell."
    skipped = f"; {' and '.join(map(one_line, card.skipped))} faults were not applied" if card.skipped else ""
    if card.outcome == "anomaly":
        skipped = ""  # found without them all the same
    if card.as_expected:
        return f"This is what was expected{skipped}."
    if card.expect == "anomaly":
        return f"An anomaly was expected, and none was found{skipped}."
    return "No anomaly was expected."


def _tone(outcome: str, as_expected: bool) -> str:
    if outcome == "valid":
        return "good" if as_expected else "warn"
    if outcome == "anomaly":
        return "bad"
    return {"failed": "bad", "inconclusive": "warn"}.get(outcome, "neutral")
