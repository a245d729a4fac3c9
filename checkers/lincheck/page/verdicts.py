"""A `checkers.history.History` and its verdict as a page.

Invariants: the picture shows what the verdict holds: its witness, or the order of its counter-example. States
along a witness are the model's own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.identity import identity
from checkers.lincheck.model import UNKNOWN, Model, State
from checkers.lincheck.page.drawing import Answer, Bar, Page, Part, Unit
from checkers.lincheck.page.html import render
from checkers.lincheck.page.trimming import MOST_BARS, left_out, restricted, shares, window
from checkers.lincheck.page.words import count
from checkers.lincheck.partials import NONE, Partials
from checkers.verdict import CounterExample, Invalid, Valid, Verdict

MOST_WORDS = 4_000_000  # characters of states in all; beyond that a state is not written out
MOST_STATES = 4  # of several possible states


def render_verdict(history: History, verdict: Verdict, model: Model, source: str) -> str:
    """The page for `verdict` on `history`, named `source`: a part for each key, the contradiction first.

    Failed operations are not drawn, and no more than `MOST_BARS` others.
    """
    bad = {identity(key) for key in verdict.bad_keys} if isinstance(verdict, Invalid) else set()
    example = verdict.counter_example if isinstance(verdict, Invalid) else None
    orders: dict[Any, tuple[int, ...]] = {}
    if isinstance(verdict, Valid):
        orders = {identity(key): order for key, order in verdict.witness}
    describe = _Words(model)
    keys = history.where(history.outcome != int(Outcome.FAIL)).split_by_key()
    worst = [] if example is None else [identity(example.key)]
    names = sorted(keys, key=lambda name: (name not in worst, name not in bad))
    parts = []
    for name, most in zip(names, shares([len(keys[name]) for name in names], MOST_BARS), strict=True):
        if not most:
            break
        key = keys[name][0].key
        title = "" if len(keys) == 1 and key is None else f"key {key}"
        if example is not None and name in worst:
            parts.append(_contradiction(title, keys[name], most, example, model))
        else:
            answer: Answer = (
                "illegal" if name in bad else "legal" if isinstance(verdict, Valid) else "unknown"
            )
            parts.append(_ordered(title, answer, keys[name], most, orders.get(name, ()), describe))
    return render(_page(history, verdict, model, source, parts, len(keys)))


def _page(
    history: History, verdict: Verdict, model: Model, source: str, parts: list[Part], keys: int
) -> Page:
    answer: Answer = "unknown"
    heading = "Not decided"
    if isinstance(verdict, Valid):
        answer, heading = "legal", "Linearizable"
        sentence = f"The {count(verdict.checked, 'operation')} of {source} have a legal order."
    elif isinstance(verdict, Invalid):
        answer, heading = "illegal", "Not linearizable"
        sentence = verdict.sentence
    else:
        sentence = verdict.reason
    failed = int((history.outcome == int(Outcome.FAIL)).sum())
    facts = [
        f"{source}: {count(len(history), 'operation')}, {count(keys, 'key')}, model {model.name}",
        *([f"{count(failed, 'failed operation')} did not happen and are not drawn"] if failed else []),
        *([f"{count(keys - len(parts), 'key')} left out of the picture"] if len(parts) < keys else []),
        *([f"decided by {verdict.algorithm}"] if verdict.algorithm else []),
        *verdict.notes,
    ]
    moments = [t for part in parts for bar in part.bars for t in (bar.call, bar.end) if t is not None]
    # Logs without a clock count lines: a history that lasted less than a millisecond has no seconds to show.
    unit: Unit = "ns" if moments and max(moments) - min(moments) >= 1_000_000 else ""
    return Page(f"{heading}: {source}", answer, heading, sentence, facts, parts, unit=unit)


def _bar(op: Op, model: Model) -> Bar:
    happened = op.outcome == Outcome.OK
    text = model.describe_op(op.f, op.input, op.output if happened else UNKNOWN, op.outcome)
    details = [f"operation {op.index}"]
    details += [f"node {op.node}"] if op.node else []
    details += [] if happened else ["may have happened at any time after its call, or never"]
    details += [f"error: {op.error}"] if op.error else []
    end = None if op.return_ns == OPEN_NS else op.return_ns
    return Bar(f"process {op.process}", op.call_ns, end, text, "\n".join(details), sure=happened)


def _chain(items: Sequence[int], states: Sequence[int], count: int) -> Partials:
    """One order."""
    leaf = [NONE] * count
    for i in items:
        leaf[i] = len(items) - 1
    parents = tuple(range(NONE, len(items) - 1))
    return Partials(
        tuple(items), parents, tuple(states), tuple(leaf), len(items) - 1, False, True, len(items)
    )


def _contradiction(title: str, part: History, most: int, example: CounterExample, model: Model) -> Part:
    """The order of the counter-example, drawn among all operations of its key."""
    where = {index: i for i, index in enumerate(part.index.tolist())}
    inside = sorted(where[op.index] for op in example.ops)
    kept = window(part.call_ns.tolist(), inside[:most], most)
    number = {int(part.index[i]): n for n, i in enumerate(kept)}
    order = [(number[step.index], step.state) for step in example.order if step.index in number]
    those = count(len(example.ops), "operation")
    note = f"{those} contradict each other, whatever the other {example.left_out:,} of this key did."
    return Part(
        title,
        "illegal",
        [_bar(part[i], model) for i in kept],
        _chain([n for n, _ in order], range(len(order)), len(kept)),
        {n: state for n, (_, state) in enumerate(order)},
        example.initial,
        {number[stuck.index]: stuck.why for stuck in example.stuck if stuck.index in number},
        frozenset(number[op.index] for op in example.ops if op.index in number),
        " ".join(filter(None, (note, left_out(len(kept), len(part))))),
        frozenset(range(len(order))),
    )


def _ordered(
    title: str, answer: Answer, part: History, most: int, order: Sequence[int], describe: _Words
) -> Part:
    """A witness with the states that it goes through, or bars alone; of a long one the beginning."""
    kept = window(part.call_ns.tolist(), (), most)
    where = {index: i for i, index in enumerate(part.index.tolist())}
    positions = [where[index] for index in order]
    drawn = set(kept)
    end = max((n for n, i in enumerate(positions, 1) if i in drawn), default=0)
    states: Collection[State] = {describe.model.initial()}
    initial = describe(states)[1]
    found = []
    for i in positions[:end]:
        states = describe.after(states, part[i])
        found.append(describe(states))
    whole = _chain(positions[:end], [n for n, _ in found], len(part))
    orders, gaps = restricted(whole, kept)
    bars = [_bar(part[i], describe.model) for i in kept]
    note = left_out(len(kept), len(part))
    return Part(title, answer, bars, orders, dict(found), initial, {}, note=note, gaps=gaps)


class _Words:
    """Sets of states, numbered and in words, as long as the page stays small."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.left = MOST_WORDS
        self._known: dict[frozenset[State], tuple[int, str]] = {}

    def after(self, states: Collection[State], op: Op) -> set[State]:
        """The states that may follow."""
        output = op.output if op.outcome == Outcome.OK else UNKNOWN
        return {after for state in states for after in self.model.step(state, op.f, op.input, output)}

    def __call__(self, states: Collection[State]) -> tuple[int, str]:
        """Number and words of a set of possible states."""
        key = frozenset(states)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (len(self._known), self._text(key))
        return found

    def _text(self, states: frozenset[State]) -> str:
        if self.left <= 0:
            return "(not written out)"
        words = sorted(self.model.describe_state(state) for state in states)
        more = f" or {len(words) - MOST_STATES} others" if len(words) > MOST_STATES else ""
        text = " or ".join(words[:MOST_STATES]) + more
        self.left -= len(text)
        return text
