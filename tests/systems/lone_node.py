"""One core alone on the bench: events go in by hand, effects are looked at, records survive a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from systems.core import (
    Compact,
    Core,
    CoreConfig,
    CoreFactory,
    Effect,
    Event,
    Persist,
    Receive,
    Reply,
    Request,
    Send,
    SetTimer,
    Start,
    TimerFired,
)

THREE = ("n1", "n2", "n3")
FIVE = ("n1", "n2", "n3", "n4", "n5")


class LoneNode:
    """Runs `factory`'s core as `name`. Every call returns the effects of that step; `all` has those of all
    steps. now_ns: what its monotonic clock shows; set it to let time pass.
    """

    def __init__(
        self,
        factory: CoreFactory,
        name: str = "n1",
        members: tuple[str, ...] = THREE,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._factory = factory
        self._config = CoreConfig(name, members, dict(options or {}))
        self.records: list[Any] = []
        self.all: list[Effect] = []
        self.now_ns = 0
        self.core: Core = factory(self._config, [])
        self.step(Start())

    def step(self, event: Event) -> list[Effect]:
        effects = self.core.step(event)
        for effect in effects:
            if isinstance(effect, Persist):
                self.records.append(effect.record)
            elif isinstance(effect, Compact):
                self.records = list(effect.records)
        self.all += effects
        return effects

    def hear(self, sender: str, message: Any) -> list[Effect]:
        return self.step(Receive(sender, message, self.now_ns))

    def fire(self, timer: str) -> list[Effect]:
        return self.step(TimerFired(timer, 0, self.now_ns))

    def ask(self, request_id: int, command: Any) -> list[Effect]:
        return self.step(Request(request_id, command, self.now_ns))

    def restart(self) -> list[Effect]:
        self.core = self._factory(self._config, list(self.records))
        return self.step(Start(self.now_ns))


def sent(effects: list[Effect], to: str | None = None) -> list[Any]:
    """The messages among the effects, those to `to` only if it is given."""
    return [e.message for e in effects if isinstance(e, Send) and to in (None, e.to)]


def answers(effects: list[Effect]) -> dict[int, Any]:
    """Request id -> result."""
    return {e.request_id: e.result for e in effects if isinstance(e, Reply)}


def timer(effects: list[Effect], name: str) -> SetTimer | None:
    """The last setting of this timer among the effects."""
    return next((e for e in reversed(effects) if isinstance(e, SetTimer) and e.name == name), None)


def place(effects: list[Effect], kind: type) -> int:
    """Where the first effect of this kind stands."""
    return next(i for i, e in enumerate(effects) if isinstance(e, kind))
