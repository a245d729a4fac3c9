"""From a search that reached the last event (or the last but few) to the order of operations it found.

Invariants: the order is one that `checkers.lincheck.replay` accepts; an endless operation (see
`checkers.lincheck.search`) stands in it as often as it was used, always by the number of the first of its
kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from checkers.lincheck.engine import ARENA_FULL, DONE, MISSES, ORDER_FULL, WORK_FULL, Engine, Tick
from checkers.lincheck.kernel import memory as at
from checkers.lincheck.question import Column


def dived(engine: Engine) -> Any:
    """The records of the chosen entries of a depth-first search, one before each event and the last."""
    f, events = engine.f, engine.events
    first = int(f[at.F_NEXT])
    chosen = [0, *(int(i) - 1 for i in f[first : first + events])]
    return _records(engine, chosen)


def layered(engine: Engine, events: int) -> Any:
    """The same for a breadth-first search that has handled `events`: through the entry of the last layer
    that used the fewest endless operations. Segments that were forgotten are made again.
    """
    width = 1 + 2 * int(engine.p[at.WORDS])
    parts: list[Any] = []
    target = _cheapest(engine)
    for segment in range(len(engine.segments), -1, -1):
        begin = engine.segments[segment - 1][0] if segment else 0
        if segment < len(engine.segments):
            end = engine.segments[segment][0]
            _again(engine, segment, end)
            target += int(engine.a[at.LAYER])
        else:
            end = events
        chosen = [target]
        for _ in range(end - begin):
            chosen.append(int(engine.a[_place(engine, chosen[-1]) + at.A_PARENT]))
        part = _records(engine, chosen[::-1])
        parts.append(part if not parts else part[: -width or None])
        target = chosen[-1]
    whole: Any = [] if engine.plain else np.concatenate(parts[::-1])
    for part in parts[::-1] if engine.plain else ():
        whole += part
    return whole


def _place(engine: Engine, entry: int) -> int:
    return int(engine.a[at.ENTRIES]) + entry * (at.A_RECORD + 1 + 2 * int(engine.p[at.WORDS]))


def _cheapest(engine: Engine) -> int:
    layer = range(int(engine.a[at.LAYER]), int(engine.a[at.COUNT]))
    return min(layer, key=lambda i: (int(engine.a[_place(engine, i) + at.A_USED]), i))


def _again(engine: Engine, segment: int, end: int) -> None:
    """Make the layers of a segment once more, all of them kept."""
    if segment == 0:
        engine.begin_layers()
    else:
        engine.restore(segment - 1)
    engine.layers_until(end)


def _records(engine: Engine, chosen: list[int]) -> Any:
    width = 1 + 2 * int(engine.p[at.WORDS])
    if engine.plain:
        found: list[int] = []
        for entry in chosen:
            begin = _place(engine, entry) + at.A_RECORD
            found += engine.a[begin : begin + width]
        return found
    begins = int(engine.a[at.ENTRIES]) + np.asarray(chosen) * (at.A_RECORD + width) + at.A_RECORD
    return engine.a[begins[:, None] + np.arange(width)].ravel()


def order(engine: Engine, records: Any, events: int, tick: Tick) -> Column | None:
    """The operations in order, as positions; None if `tick` said to stop."""
    kernel = engine.kernel
    kernel.rewind(engine.p)
    room = 8 + 4 * int(engine.p[at.OPS]) + 16 * at.BITS * int(engine.p[at.WORDS]) * 3
    out: Any = [0] * room if engine.plain else np.zeros(room, np.int64)
    kernel.open_order(out)
    while True:
        p, t, r, a = engine.p, engine.t, engine.r, engine.a
        until = min(events, engine.events + (1_000 if engine.plain else 200_000))
        code = int(kernel.trace(p, t, r, a, records, out, 0, until))
        if code == ORDER_FULL:
            out = _longer(engine, out)
        elif code == DONE and until == events:
            break
        elif code == DONE:
            if not tick(engine.steps, engine.events):
                return None
        else:
            _help(engine, code)
    kernel.flush(out)
    first = int(out[kernel.O_ORDER])
    return np.array(out[first : first + int(out[kernel.O_COUNT])], dtype=np.int64)


def _help(engine: Engine, code: int) -> None:
    if code == MISSES:
        engine.fill()
    elif code in (WORK_FULL, ARENA_FULL):
        engine.r = engine.grown(engine.r, 0)
        engine.a = engine.grown(engine.a, 0, arena=True)
    else:
        raise AssertionError(f"a path of configurations has no order (code {code}, event {engine.events})")


def _longer(engine: Engine, out: Any) -> Any:
    """Twice the room for the order."""
    kernel, size = engine.kernel, 2 * len(out)
    new: Any = [0] * size if engine.plain else np.zeros(size, np.int64)
    kernel.open_order(new)
    for count, region in ((kernel.O_COUNT, kernel.O_ORDER), (kernel.O_TAILED, kernel.O_TAIL)):
        new[count] = out[count]
        begin, end = int(new[region]), int(new[region]) + int(out[count])
        new[begin:end] = out[int(out[region]) : int(out[region]) + int(out[count])]
    return new
