"""What of a long history is drawn: a page of millions of operations would open in no browser.

Invariants: deterministic; what is left out is counted in words; an order keeps its sequence, and where
operations between two drawn ones are left out, the state before the later one is not claimed to be known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from checkers.lincheck.page.words import count
from checkers.lincheck.partials import NONE, Partials

MOST_BARS = 120_000  # on the whole page


def window(calls: Sequence[int | float], focus: Collection[int], most: int) -> list[int]:
    """Positions of at most `most` operations, rising: those of `focus`, and the others called nearest to them
    (before and after in equal parts), or the first ones without a focus. `calls`: when each was called.
    """
    if len(calls) <= most:
        return list(range(len(calls)))
    order = sorted(range(len(calls)), key=lambda i: (calls[i], i))
    wanted = set(focus)
    places = [n for n, i in enumerate(order) if i in wanted]
    centre = (places[0] + places[-1]) // 2 if places else 0
    start = min(max(0, centre - most // 2), len(order) - most)
    near = [i for i in order[start : start + most] if i not in wanted]
    return sorted([*sorted(wanted)[:most], *near[: max(0, most - len(wanted))]])


def shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many of each part may be drawn: the first parts whole, as long as there is room."""
    left, found = most, []
    for size in sizes:
        found.append(min(size, left))
        left -= found[-1]
    return found


def restricted(orders: Partials, kept: Sequence[int]) -> tuple[Partials, frozenset[int]]:
    """The orders through the items `kept` (their new numbers are their places in it), and the nodes before
    which others were left out.
    """
    new = {item: n for n, item in enumerate(kept)}
    node_of: list[int] = []  # the last kept node up to each node
    items: list[int] = []
    parents: list[int] = []
    states: list[int] = []
    gaps: list[int] = []
    for item, parent, state in zip(orders.items, orders.parents, orders.states, strict=True):
        above = NONE if parent == NONE else node_of[parent]
        if item not in new:
            node_of.append(above)
            continue
        if parent != NONE and orders.items[parent] not in new:
            gaps.append(len(items))
        node_of.append(len(items))
        items.append(new[item])
        parents.append(above)
        states.append(state)

    def moved(node: int) -> int:
        return NONE if node == NONE else node_of[node]

    leaf = tuple(moved(orders.leaf[item]) for item in kept)
    found = Partials(
        tuple(items),
        tuple(parents),
        tuple(states),
        leaf,
        moved(orders.best),
        orders.full,
        orders.complete,
        orders.steps,
    )
    return found, frozenset(gaps)


def left_out(drawn: int, given: int) -> str:
    """In words; empty if nothing is."""
    if drawn == given:
        return ""
    return f"Only {drawn:,} of {count(given, 'operation')} are drawn, and numbered among themselves."
