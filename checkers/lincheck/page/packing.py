"""A page's data as one short line of text: columns of small numbers, each text once, deflated, base64.

A row of objects for each operation would be ten times as long and take the browser seconds to read. Columns
are kept as differences, which are small numbers and compress well; the browser adds them up again
(`assets/page.js`).

Invariants: the result holds only characters of base64, so that nothing in it can end the element it stands
in.
"""

from __future__ import annotations

import base64
import itertools
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from checkers.lincheck.page.drawing import Note, Page, Part, Time
from checkers.lincheck.page.words import one_line, visible


class _Texts:
    """Texts by number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def pack(page: Page) -> str:
    """See `columns`."""
    text = json.dumps(columns(page), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def columns(page: Page) -> dict[str, Any]:
    """What the script of the page reads.

    times: the different times, rising: the first one as text in `origin` (exact, whatever its size), then the
    differences from one to the next. In a part, `call` holds differences of positions in `times`, `end` those
    from call to return (-1: never), `parents` the distance to the parent (number + 1 for the root).
    """
    texts, lanes = _Texts(), _Texts()
    moments = sorted(
        {t for part in page.parts for bar in part.bars for t in (bar.call, bar.end) if t is not None}
    )
    rank = {time: n for n, time in enumerate(moments)}
    parts = [_part(part, rank, texts, lanes) for part in page.parts]
    times = [_plain(t) for t in moments]
    origin = times[0] if times else 0
    notes = [_note(note, origin, lanes) for note in page.notes]
    steps = [b - a for a, b in itertools.pairwise(times)]
    return {
        "unit": page.unit,
        "origin": str(origin),
        "whole": all(isinstance(t, int) for t in times),
        "times": steps,
        "texts": list(texts.numbers),
        "lanes": list(lanes.numbers),
        "parts": parts,
        "notes": notes,
    }


def _part(part: Part, rank: dict[Time, int], texts: _Texts, lanes: _Texts) -> dict[str, Any]:
    orders = part.orders
    calls = [rank[bar.call] for bar in part.bars]
    words = {state: texts(visible(text)) for state, text in part.words.items()}
    return {
        "name": one_line(part.name),
        "answer": part.answer,
        "note": visible(part.note),
        "lane": [lanes(one_line(bar.lane, 60)) for bar in part.bars],
        "call": _differences(calls),
        "end": [
            -1 if bar.end is None else rank[bar.end] - c for bar, c in zip(part.bars, calls, strict=True)
        ],
        "text": [texts(one_line(bar.text)) for bar in part.bars],
        "details": [texts(visible(bar.details)) for bar in part.bars],
        "unsure": [i for i, bar in enumerate(part.bars) if not bar.sure],
        "items": _differences(orders.items),
        "parents": [k - parent for k, parent in enumerate(orders.parents)],
        "states": [words[state] for state in orders.states],
        "leaf": _differences(orders.leaf),
        "best": orders.best,
        "initial": texts(visible(part.initial)),
        "marked": sorted(part.marked),
        "gaps": sorted(part.gaps),
        "stuck": [[i, texts(visible(why))] for i, why in part.stuck.items()],
    }


def _note(note: Note, origin: Time, lanes: _Texts) -> dict[str, Any]:
    start, end = (float(_plain(t) - origin) for t in (note.start, note.end))
    return {
        "lane": lanes(one_line(note.lane, 60)),
        "start": start,
        "end": max(start, end),
        "text": one_line(note.text),
        "details": visible(note.details),
        "color": one_line(note.color),
        "background": one_line(note.background),
    }


def _plain(time: Time) -> Time:
    """An int for what is one (of numpy, say), a float for everything else."""
    return int(time) if hasattr(time, "__index__") else float(time)


def _differences(numbers: Sequence[int]) -> list[int]:
    before: Iterable[int] = (0, *numbers[:-1]) if numbers else ()
    return [n - b for n, b in zip(numbers, before, strict=True)]
