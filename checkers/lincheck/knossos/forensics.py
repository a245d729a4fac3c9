"""What an illegal history looked like just before it became illegal: Knossos' `linear` algorithm (just in
time linearization, Lowe 2017, "Testing for linearizability"), run for its last configurations.

Invariants: pure; at most `budget` steps, after which `replay` gives None; every configuration that is found
is reachable, and `Stop.event` is the first end of an operation that no configuration allows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checkers.history import Outcome
from checkers.lincheck.knossos.events import OpMap, Recorded
from checkers.lincheck.model import UNKNOWN, Model, State

SHOWN = 10  # configurations and paths, as in Jepsen
TRIES = 2_000  # orders of pending operations that are looked at for the paths


@dataclass(frozen=True, slots=True)
class Inconsistent:
    """Stands for the state after an operation that is not legal; `msg` says why."""

    msg: str


@dataclass(frozen=True, slots=True)
class Config:
    """One way things may be: the state, the rows that were called and are not linearized, and the event that
    was linearized last (its place among the events, -1 for none).
    """

    state: State
    pending: frozenset[int]
    last: int


@dataclass(frozen=True, slots=True)
class Stop:
    """The event (its place) that no configuration allows, and the configurations before it."""

    event: int
    configs: tuple[Config, ...]


def step(model: Model, recorded: Recorded, row: int, state: State) -> tuple[State, ...]:
    """The states after an operation; what became known later is known while it is pending, as in Knossos."""
    op = recorded.ops[row]
    return model.step(state, op.f, op.input, op.output if op.outcome == Outcome.OK else UNKNOWN)


def replay(model: Model, recorded: Recorded, budget: int) -> Stop | None:
    """Where the history becomes illegal; None if `budget` steps do not reach it, or it is legal."""
    configs = [Config(model.initial(), frozenset(), -1)]
    calls: dict[int, int] = {}  # row -> the place of its invocation
    for place, (row, invoked, _) in enumerate(recorded.events):
        if invoked:
            calls[row] = place
            configs = [Config(c.state, c.pending | {row}, c.last) for c in configs]
            budget -= len(configs)
        else:
            after, budget = _returned(model, recorded, configs, row, place, calls, budget)
            if not after and budget >= 0:
                return Stop(place, tuple(configs))
            configs = after
        if budget < 0:
            return None
    return None


def _returned(
    model: Model,
    recorded: Recorded,
    configs: list[Config],
    row: int,
    place: int,
    calls: dict[int, int],
    budget: int,
) -> tuple[list[Config], int]:
    """The configurations after `row` returned, and what is left of the budget (negative: not all were
    found).
    """
    found: dict[tuple[State, frozenset[int]], Config] = {}
    seen: set[tuple[State, frozenset[int]]] = set()
    waiting = list(reversed(configs))
    while waiting:
        at = waiting.pop()
        if row not in at.pending:
            found.setdefault((at.state, at.pending), at)
            continue
        if (at.state, at.pending) in seen:
            continue
        seen.add((at.state, at.pending))
        for other in sorted(at.pending):
            budget -= 1
            if budget < 0:
                return [], budget
            for state in step(model, recorded, other, at.state):
                pending = at.pending - {other}
                if other == row:
                    found.setdefault((state, pending), Config(state, pending, place))
                else:
                    waiting.append(Config(state, pending, calls[other]))
    return list(found.values()), budget


def shown(model: Model, recorded: Recorded, config: Config) -> dict[str, Any]:
    """A configuration as Knossos shows it: model, last-op, pending."""
    calls = {row: event for row, invoked, event in recorded.events if invoked}
    return {
        "model": model.describe_state(config.state),
        "last-op": last_op(recorded, config),
        "pending": [calls[row] for row in sorted(config.pending)],
    }


def last_op(recorded: Recorded, config: Config) -> OpMap | None:
    """What was linearized last in a configuration."""
    return recorded.events[config.last][2] if config.last >= 0 else None


def final_paths(model: Model, recorded: Recorded, stop: Stop) -> list[list[dict[str, Any]]]:
    """Ways to go on from the configurations, the shortest first, each up to what is not legal."""
    paths: list[list[dict[str, Any]]] = []
    ways = itertools.chain.from_iterable(
        _ways(model, recorded, stop, config) for config in stop.configs[:SHOWN]
    )
    for path in itertools.islice(ways, TRIES):
        if path not in paths:
            paths.append(path)
        if len(paths) == SHOWN:
            break
    return paths


def _ways(model: Model, recorded: Recorded, stop: Stop, config: Config) -> Iterator[list[dict[str, Any]]]:
    final = recorded.events[stop.event][0]
    calls = {row: event for row, invoked, event in recorded.events if invoked}
    others = sorted(config.pending - {final})
    last = last_op(recorded, config)
    begin = [] if last is None else [{"op": last, "model": model.describe_state(config.state)}]
    for length in range(len(others) + 1):
        for order in itertools.permutations(others, length):
            events = [*((row, calls[row]) for row in order), (final, recorded.events[stop.event][2])]
            yield begin + _walk(model, recorded, config.state, events)


def _walk(
    model: Model, recorded: Recorded, state: State, events: Sequence[tuple[int, OpMap]]
) -> list[dict[str, Any]]:
    """Transitions along `events`, up to one that is not legal."""
    path: list[dict[str, Any]] = []
    for row, event in events:
        after = step(model, recorded, row, state)
        if not after:
            op = recorded.ops[row]
            output = op.output if op.outcome == Outcome.OK else UNKNOWN
            why = model.why_not(state, op.f, op.input, output)
            return [*path, {"op": event, "model": Inconsistent(why)}]
        state = after[0]
        path.append({"op": event, "model": model.describe_state(state)})
    return path
