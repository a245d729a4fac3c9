"""Models and histories that several tests use, written as a user of Porcupine would write them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checkers.lincheck.porcupine import Event, EventKind, Model, Operation


@dataclass(frozen=True)
class Put:
    """Sets the register."""

    value: Any


GET = "get"


def register_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    """A register: Put sets it, GET gives it."""
    if isinstance(input, Put):
        return True, input.value
    return output == state, state


REGISTER = Model(
    init=lambda: 0,
    step=register_step,
    describe_operation=lambda i, o: f"put({i.value})" if isinstance(i, Put) else f"get() -> {o}",
)


def legal() -> list[Operation]:
    """Porcupine's first example: both gets overlap the put."""
    return [
        Operation(0, Put(100), 0, None, 100),
        Operation(1, GET, 25, 100, 75),
        Operation(2, GET, 30, 0, 60),
    ]


def illegal() -> list[Operation]:
    """Its second: the new value is read, and then the old one."""
    return [
        Operation(0, Put(200), 0, None, 100),
        Operation(1, GET, 10, 200, 30),
        Operation(2, GET, 40, 0, 90),
    ]


def as_events(history: Sequence[Operation]) -> list[Event]:
    """The same history as events; at equal times calls go first, as the intervals are closed."""
    ends = [(o.call, 0, i) for i, o in enumerate(history)] + [
        (o.return_, 1, i) for i, o in enumerate(history)
    ]
    events = []
    for _, is_return, i in sorted(ends):
        one = history[i]
        if is_return:
            events.append(Event(one.client_id, EventKind.RETURN, one.output, i))
        else:
            events.append(Event(one.client_id, EventKind.CALL, one.input, i, one.metadata))
    return events


def random_register(
    seed: int, count: int, clients: int, values: int = 3, wrong: float = 0.1
) -> list[Operation]:
    """A history of a register that takes effect at one moment, of which a share `wrong` of the gets lies."""
    dice = random.Random(seed)
    free = [0] * clients
    ops, moments = [], []
    for _ in range(count):
        client = dice.randrange(clients)
        call = free[client] + dice.randrange(4)
        at, end = call + dice.randrange(4), call + 4 + dice.randrange(8)
        free[client] = end + dice.randrange(2)
        moments.append((at, len(ops)))
        ops.append((client, dice.randrange(values) if dice.random() < 0.5 else None, call, end))
    state, outputs = 0, [0] * count
    for _, i in sorted(moments):
        value = ops[i][1]
        if value is None:
            outputs[i] = dice.randrange(values) if dice.random() < wrong else state
        else:
            state = value
    return [
        Operation(client, GET, call, outputs[i], end)
        if value is None
        else Operation(client, Put(value), call, None, end)
        for i, (client, value, call, end) in enumerate(ops)
    ]
