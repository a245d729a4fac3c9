"""One screen of text with the same answer as the page.

Laws: at most 24 lines of at most 100 columns (a word of the replay command is never broken, so only that may
be wider); escape codes only if `colour`, and only our own: a stranger's are made visible; without colour the
words say everything.
"""

from __future__ import annotations

import re
import textwrap

from rich.cells import cell_len, set_cell_size

from checkers.anomalies import explained
from checkers.verdict import CounterExample
from reports import strength, tables
from reports.answer import answer, broken, counter_examples
from reports.record import RunCard, RunRecord
from reports.words import count, duration, one_line, percent, value, visible

LINES = 24
COLUMNS = 100
MOST_SENTENCES = 4
MOST_STEPS = 6
MOST_NAMES = 2
MOST_REPLAY = 4
MOST_NOTES = 2
MOST_NOTE_LINES = 2
WIDEST_WORD = 500
_CODES = {"good": "32", "bad": "31", "warn": "33", "neutral": "36"}
_MARKS = {"valid": "✓", "anomaly": "✗", "inconclusive": "?", "failed": "!", "interrupted": "‖"}


def render_text(record: RunRecord, *, colour: bool, report_path: str) -> str:
    """The screen, lines ended by newlines; `report_path` is where the page stands."""
    card, told = record.card, answer(record)
    mark = _MARKS.get(told.outcome, "·")
    title = _fit(
        f"{mark} {told.title.upper()} — {one_line(card.system)} {one_line(card.workload)}, seed {card.seed}"
    )
    head = [_paint(title, f"1;{_CODES[told.tone]}", colour), f"  {told.expectation}"]
    head += _wrapped(told.sentences[0], MOST_SENTENCES)
    examples = counter_examples(record)
    steps = _steps(examples[0][1], card.start_ns, colour) if examples else []
    tail = [
        *_anomalies(record),
        *_facts(record),
        _fit(f"  report      {one_line(report_path)}"),
        *_replay(card.replay),
    ]
    tail = [*(line for note in card.notes[:MOST_NOTES] for line in _labelled("note", note)), *tail]
    others = told.sentences[1:]
    if others and not examples:
        steps = [_fit(f"  - {s}") for s in others[:3]] + (
            [f"  … {len(others) - 3} more"] if len(others) > 3 else []
        )
    room = LINES - len(head) - len(tail)
    return "\n".join([*head, *steps[:room], *tail]) + "\n"


def _steps(found: CounterExample, origin_ns: int, colour: bool) -> list[str]:
    """The counter-example, a line per operation; those that are stuck are always among them."""
    rows = tables.step_rows(found, origin_ns)
    stuck = [n for n, row in enumerate(rows) if row.kind == tables.STUCK]
    kept = set(stuck[:MOST_STEPS])
    kept |= set([n for n in range(len(rows)) if n not in kept][: MOST_STEPS - len(kept)])
    lines = [_fit(f"  key {value(found.key)}, {one_line(found.model)}, initially {one_line(found.initial)}:")]
    for n in sorted(kept):
        row = rows[n]
        where = f"{one_line(row.node)}, " if row.node != "–" else ""
        order = "✗" if row.kind == tables.STUCK else row.order or "–"
        told = f"{where}{row.called} to {row.returned} s: {row.told}"
        plain = _fit(f"  {order:>3}  {_fit(f'p{row.process}  {row.operation}', 34):<34} {told}")
        lines.append(_paint(plain, "31", colour and row.kind == tables.STUCK))
    if len(rows) > len(kept):
        lines.append(f"       … {len(rows) - len(kept)} more in the report")
    return lines


def _facts(record: RunRecord) -> list[str]:
    s = strength.of_record(record)
    card = record.card
    lines = [
        f"  operations  {s.ok:,} ok, {s.fail:,} failed, {s.info:,} unknown; "
        f"{percent(s.overlap_share)} overlapped a fault",
        f"  faults      {s.installed} of {count(s.planned, 'planned fault')} installed{_kinds(s)}; "
        f"{count(s.leader_changes, 'leader change')}",
        f"  recovery    {_recovery(card)}",
    ]
    if s.weak and s.total:
        lines.append(f"  weak test   {' '.join(s.warnings)}")
    return [_fit(line) for line in lines]


def _kinds(s: strength.Strength) -> str:
    kinds = ", ".join(f"{one_line(k.kind)} {k.installed}/{k.total}" for k in s.by_kind)
    return f" ({kinds})" if kinds else ""


def _recovery(card: RunCard) -> str:
    if card.recovery_s is None:
        return "no operation succeeded after the final heal" if card.heal_ns is not None else "no final heal"
    return f"{duration(card.recovery_s)} from the final heal to the next success"


def _replay(command: str) -> list[str]:
    """The command as one can paste it: broken only at spaces outside of quotes, with a backslash at the end
    of the line.
    """
    lines = [""]
    for word in _words(visible(command.strip())):
        if lines[-1] and len(lines[-1]) + len(word) > COLUMNS - 18:
            lines[-1] += " \\"
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    if len(lines) > MOST_REPLAY or max(map(len, lines)) > WIDEST_WORD or "\n" in command:
        return ["  replay      too long for this screen: see the report"]
    return [f"  replay      {lines[0]}", *(f"                {line}" for line in lines[1:])]


def _words(command: str) -> list[str]:
    """The words of a shell command with their quotes, an option together with its value."""
    words: list[str] = []
    for word in re.findall(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|["'\\])+""", command):
        if words and words[-1].startswith("-") and " " not in words[-1] and not word.startswith("-"):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _anomalies(record: RunRecord) -> list[str]:
    """The names of what was found, each with its sentence."""
    names = dict.fromkeys(v.anomaly for _, v in broken(record) if v.anomaly)
    told = [f"{name}: {explained(name)}" for name in names][:MOST_NAMES]
    return [line for one in told for line in _labelled("anomaly", one)]


def _labelled(label: str, told: str) -> list[str]:
    """In two lines at most."""
    lines = textwrap.wrap(one_line(told), COLUMNS - 14) or [""]
    if len(lines) > MOST_NOTE_LINES:
        lines = [*lines[: MOST_NOTE_LINES - 1], lines[MOST_NOTE_LINES - 1][: COLUMNS - 16] + " …"]
    return [_fit(f"  {'' if n else label:<12}{line}") for n, line in enumerate(lines)]


def _wrapped(sentence: str, most: int) -> list[str]:
    lines = [_fit(f"  {line}") for line in textwrap.wrap(sentence, COLUMNS - 4)] or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], _fit(lines[most - 1][: COLUMNS - 10] + " …")]


def _fit(line: str, columns: int = COLUMNS) -> str:
    """`line` in at most so many columns, an ellipsis at the end if it was cut."""
    return line if cell_len(line) <= columns else set_cell_size(line, columns - 1).rstrip() + "…"


def _paint(line: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{line}\x1b[0m" if colour else line
