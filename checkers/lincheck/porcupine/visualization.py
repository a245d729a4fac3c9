"""Draws what a verbose check found, as Porcupine's `Visualize` does.

Invariants: `visualize_path` is the only function of the checkers that opens a file, and it opens the one it
was given.
"""

from __future__ import annotations

from typing import Any, Protocol

from checkers.lincheck.model import ModelError
from checkers.lincheck.page import Bar, Note, Page, Part, stuck_after
from checkers.lincheck.page import render as render_page
from checkers.lincheck.page.trimming import MOST_BARS, left_out, restricted, shares, window
from checkers.lincheck.page.words import count, one_line
from checkers.lincheck.partials import NONE, Partials
from checkers.lincheck.porcupine.histories import Annotation, CheckResult, Operation
from checkers.lincheck.porcupine.info import LinearizationInfo, PartitionInfo
from checkers.lincheck.porcupine.model import Model

ANSWERS: Any = {CheckResult.OK: "legal", CheckResult.ILLEGAL: "illegal", CheckResult.UNKNOWN: "unknown"}
LEGAL = "Every operation has a place in an order that is legal and respects real time."
RANK = {CheckResult.ILLEGAL: 0, CheckResult.UNKNOWN: 1, CheckResult.OK: 2}
HEADINGS = {
    CheckResult.OK: "Linearizable",
    CheckResult.ILLEGAL: "Not linearizable",
    CheckResult.UNKNOWN: "Not decided",
}


class Writer(Protocol):
    """A text file, or anything else that takes text."""

    def write(self, text: str, /) -> object:
        """Take `text`."""


class Path(Protocol):
    """Like `os.PathLike`."""

    def __fspath__(self) -> str:
        """The path."""


def render(info: LinearizationInfo, model: Model | None = None) -> str:
    """The page as HTML text; `model` describes instead of the one that was checked. Raises ModelError if one
    of its describing functions fails.
    """
    model = model or info.model
    found = len(info.partitions)
    order = sorted(range(found), key=lambda n: (RANK[info.partitions[n].result], n))
    room = shares([len(info.partitions[n].operations) for n in order], MOST_BARS)
    parts = [
        _part(info, model, info.partitions[n], f"partition {n}" if found > 1 else "", most)
        for n, most in zip(order, room, strict=True)
        if most or not info.partitions[n].operations
    ]
    heading = HEADINGS[info.result]
    notes = [_note(annotation) for annotation in info.annotations]
    sentence = _sentence(info.partitions[order[0]], parts[0]) if order else LEGAL
    facts = _facts(info, len(parts))
    return render_page(Page(heading, ANSWERS[info.result], heading, sentence, facts, parts, notes))


def visualize(model: Model, info: LinearizationInfo, file: Writer) -> None:
    """Write the page to `file` (open for text in UTF-8)."""
    file.write(render(info, model))


def visualize_path(model: Model, info: LinearizationInfo, path: str | Path) -> None:
    """Write the page to the file `path`, which is replaced. Raises OSError."""
    page = render(info, model)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(page)


def _part(info: LinearizationInfo, model: Model, partition: PartitionInfo, name: str, most: int) -> Part:
    """One partition, or the `most` operations around the place where its best order ends."""
    given, ops = partition.partials, partition.operations
    best = given.path(given.best)
    stuck = []
    if partition.result != CheckResult.OK:
        stuck = stuck_after([(o.call, o.return_) for o in ops], best)
    kept = window([o.call for o in ops], stuck[:most], most)
    partials, gaps = restricted(given, kept)
    words = _words(info, model, partials)
    initial = _said(model.describe_state, info.moves.states.values[info.moves.initial])
    at = given.states[given.best] if given.best != NONE else info.moves.initial
    number = {i: n for n, i in enumerate(kept)}
    why = {number[i]: _why(info, ops[i], at, words.get(at, initial)) for i in stuck if i in number}
    spent = (
        ""
        if given.complete
        else f"Only the first {given.steps:,} placements were tried: orders may be longer."
    )
    note = " ".join(filter(None, (spent, left_out(len(kept), len(ops)))))
    bars = [_bar(ops[i], model) for i in kept]
    return Part(name, ANSWERS[partition.result], bars, partials, words, initial, why, note=note, gaps=gaps)


def _words(info: LinearizationInfo, model: Model, partials: Partials) -> dict[int, str]:
    states = info.moves.states.values
    return {n: _said(model.describe_state, states[n]) for n in dict.fromkeys(partials.states)}


def _why(info: LinearizationInfo, operation: Operation, at: int, after: str) -> str:
    legal = info.moves.step(at, info.moves.op(operation, "an operation")) >= 0
    return "not tried any more: the budget was spent" if legal else f"not legal in the state {after}"


def _bar(operation: Operation, model: Model) -> Bar:
    metadata = _said(model.describe_operation_metadata, operation.metadata)
    text = _said(model.describe_operation, operation.input, operation.output)
    return Bar(f"client {operation.client_id}", operation.call, operation.return_, text, metadata)


def _said(describe: Any, *given: Any) -> str:
    try:
        return str(describe(*given))
    except Exception as error:
        raise ModelError(f"{describe.__name__} of the model failed for {given!r:.120}: {error!r}") from error


def _note(annotation: Annotation) -> Note:
    end = annotation.start if annotation.end is None else max(annotation.start, annotation.end)
    return Note(
        annotation.tag or f"client {annotation.client_id}",
        annotation.start,
        end,
        annotation.description,
        annotation.details,
        annotation.text_color,
        annotation.background_color,
    )


def _sentence(partition: PartitionInfo, part: Part) -> str:
    """Of the worst partition."""
    if partition.result == CheckResult.OK:
        return LEGAL
    placed = len(partition.partials.path(partition.partials.best))
    where = f"In {part.name}, the" if part.name else "The"
    given = count(len(partition.operations), "operation")
    sentence = f"{where} longest order found holds {placed:,} of {given}"
    if partition.result == CheckResult.UNKNOWN:
        return f"No answer in time. {sentence}."
    if not part.stuck:
        return f"{sentence}."
    i, why = next(iter(part.stuck.items()))
    bar = part.bars[i]
    return f"{sentence}; then {one_line(bar.text)} by {bar.lane} has to come, which is {one_line(why)}."


def _facts(info: LinearizationInfo, drawn: int) -> list[str]:
    found = len(info.partitions)
    checked = sum(len(p.operations) for p in info.partitions)
    facts = [f"{count(checked, 'operation')} in {count(found, 'partition')}"]
    for result, word in (
        (CheckResult.ILLEGAL, "not linearizable"),
        (CheckResult.UNKNOWN, "not decided"),
    ):
        n = sum(p.result == result for p in info.partitions)
        if n and found > 1:
            facts.append(f"{count(n, 'partition')} {word}")
    if drawn < found:
        facts.append(f"{count(found - drawn, 'partition')} left out of the picture")
    return facts
