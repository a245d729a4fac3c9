"""The timers of a node, on the event loop's clock.

Invariant: a timer that was replaced or cancelled never fires, not even if it had already run out and its
firing was waiting in the node's inbox: every setting has a number, and `claim` accepts only the latest.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

_NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class Due:
    """The timer `name`, in its setting number `setting`, has run out."""

    name: str
    setting: int


class Timers:
    """Named one-shot timers; `due` is called in the event loop when one runs out."""

    def __init__(self, rng: random.Random, due: Callable[[Due], None]) -> None:
        self._rng = rng
        self._due = due
        self._settings = 0
        self._live: dict[str, tuple[int, asyncio.TimerHandle]] = {}

    def set(self, name: str, low_ns: int, high_ns: int) -> None:
        """Fire `name` after a delay drawn from [low_ns, high_ns]; an earlier setting is replaced."""
        self.cancel(name)
        self._settings += 1
        delay_s = self._rng.randint(low_ns, high_ns) / _NS_PER_S
        due = Due(name, self._settings)
        self._live[name] = (due.setting, asyncio.get_running_loop().call_later(delay_s, self._due, due))

    def cancel(self, name: str) -> None:
        """`name` will not fire until it is set again."""
        live = self._live.pop(name, None)
        if live is not None:
            live[1].cancel()

    def claim(self, due: Due) -> bool:
        """Whether `due` still stands; it does so once."""
        live = self._live.get(due.name)
        if live is None or live[0] != due.setting:
            return False
        del self._live[due.name]
        return True
