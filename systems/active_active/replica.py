"""What one node knows: three kinds of replicated objects, and which updates of which node are in them.

- Registers: the write with the highest timestamp wins (Shapiro, Preguiça, Baquero and Zawirski, "A
  comprehensive study of Convergent and Commutative Replicated Data Types", 2011, section 3.2.1).
- Counters: per node the totals of what it added and subtracted, merged by maximum (section 3.1.3).
- Sets: an element is there as long as an add of it is that no remove has observed (section 3.3.5).

Laws:
- The updates of one origin are taken in their order, each once; those of different origins in any order. Two
  replicas that took the same updates hold the same: timestamps are a total order, maxima commute, and a
  remove and the add it names cancel whichever comes first.
- No tombstone outlives its purpose: an add that was taken never comes again, so only the removes that came
  before their adds are remembered (`early`), until the adds come.
"""

from __future__ import annotations

from collections.abc import Iterable

from systems.active_active.messages import (
    NEVER,
    Added,
    Counted,
    Dot,
    Element,
    Held,
    Put,
    Removed,
    Tagged,
    Timestamp,
    Update,
)

_NOTHING = Held(None, NEVER)


class Replica:
    """One node's copy. bug: a name of `systems.active_active.bugs.BUGS`, or "" for none.

    received: origin -> the number of its last update taken. registers: key -> value and timestamp. sets: key
    -> element -> the adds that hold it. counters: key -> origin -> (up, down).
    """

    def __init__(self, bug: str) -> None:
        self.received: dict[str, int] = {}
        self.registers: dict[str, Held] = {}
        self.sets: dict[str, dict[Element, set[Dot]]] = {}
        self.early: set[Dot] = set()
        self.counters: dict[str, dict[str, tuple[int, int]]] = {}
        self._bug = bug

    # What clients ask

    def register(self, key: str) -> Held:
        """The newest write of `key`, that of None at `NEVER` if there is none."""
        return self.registers.get(key, _NOTHING)

    def elements(self, key: str) -> list[Element]:
        """Numbers before strings, each sorted."""
        return sorted(self.sets.get(key, ()), key=lambda e: (isinstance(e, str), e))

    def dots(self, key: str, element: Element) -> tuple[Dot, ...]:
        """The adds that hold `element` in the set `key`, sorted; () if it is not in."""
        return tuple(sorted(self.sets.get(key, {}).get(element, ())))

    def count(self, key: str) -> int:
        """The counter's value."""
        return sum(up - down for up, down in self.counters.get(key, {}).values())

    def totals(self, key: str, origin: str) -> tuple[int, int]:
        """What `origin` has added to `key` and subtracted from it."""
        return self.counters.get(key, {}).get(self._slot(origin), (0, 0))

    # Updates

    def take(self, origin: str, sequence: int, update: Update) -> None:
        """The update number `sequence` of `origin`."""
        match update:
            case Put(key, value, wall, counter):
                self._put(key, value, Timestamp(wall, counter, origin))
            case Added(key, element):
                self._add(key, element, Dot(origin, sequence))
            case Removed(key, element, dots):
                self._remove(key, element, dots)
            case Counted(key, up, down):
                self._count(key, origin, up, down)
        self.received[origin] = max(sequence, self.received.get(origin, 0))

    def _put(self, key: str, value: object, at: Timestamp) -> None:
        if at > self.register(key).at or self._bug == "arrival-wins":
            self.registers[key] = Held(value, at)

    def _add(self, key: str, element: Element, dot: Dot) -> None:
        if dot in self.early:
            self.early.discard(dot)
        else:
            self.sets.setdefault(key, {}).setdefault(element, set()).add(dot)

    def _remove(self, key: str, element: Element, dots: Iterable[Dot]) -> None:
        held = self.sets.get(key, {}).get(element, set())
        for dot in dots:
            if dot.sequence <= self.received.get(dot.origin, 0):
                held.discard(dot)
            elif self._bug != "remove-forgotten":
                self.early.add(dot)
        if not held:
            self.sets.get(key, {}).pop(element, None)

    def _count(self, key: str, origin: str, up: int, down: int) -> None:
        known = self.totals(key, origin)
        totals = (max(up, known[0]), max(down, known[1]))
        self.counters.setdefault(key, {})[self._slot(origin)] = totals

    def _slot(self, origin: str) -> str:
        """Whose totals `origin` counts in: its own."""
        return "" if self._bug == "counter-max" else origin

    # Snapshots

    def tagged(self) -> dict[str, tuple[Tagged, ...]]:
        """The sets as they are written down."""
        return {
            key: tuple(Tagged(element, self.dots(key, element)) for element in self.elements(key))
            for key in self.sets
        }

    def restore_sets(self, tagged: dict[str, tuple[Tagged, ...]]) -> None:
        """Hold the sets that `tagged` gave."""
        self.sets = {key: {one.element: set(one.dots) for one in ones} for key, ones in tagged.items()}
