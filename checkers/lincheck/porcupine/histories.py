"""What Porcupine's users hand in and get back: operations, events, annotations and a result.

Invariants: plain immutable values; nothing here is checked except what makes an annotation drawable (a
history is checked where it is read, in `checkers.lincheck.porcupine.reading`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

Time = int | float


class CheckResult(enum.StrEnum):
    """OK: linearizable. ILLEGAL: not. UNKNOWN: not decided in time. Compare it; it has no truth value."""

    OK = "Ok"
    ILLEGAL = "Illegal"
    UNKNOWN = "Unknown"

    def __bool__(self) -> bool:
        raise TypeError(f"a result is compared, as in result == CheckResult.OK (this one is {self.value!r})")


class EventKind(enum.Enum):
    """An event is the call of an operation or its return."""

    CALL = "call"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. [call, return_] is a closed interval on one clock of any unit: equal times are
    concurrent.

    `client_id` and `metadata` matter to the picture only. An operation that never returned gets a `return_`
    after everything else and an output by which the model knows that it was never seen.
    """

    client_id: int | str
    input: Any
    call: Time
    output: Any
    return_: Time
    metadata: Any = None


@dataclass(frozen=True, slots=True)
class Event:
    """One end of an operation; `value` is the input in a call and the output in a return; `id` pairs the two.

    The metadata of the return goes before that of the call.
    """

    client_id: int | str
    kind: EventKind
    value: Any
    id: Any
    metadata: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Something to draw beside the operations: in the row of a client, or in a row of its own named by `tag`.

    start, end: in the time of the history (the numbers of events in one of events); without `end` it is a
    moment, and an `end` before `start` counts as none, as in Porcupine. `description` is drawn, `details` are
    shown on demand. Colours are CSS colours such as "#efaefc". Raises ValueError without both client and tag.
    """

    start: Time
    end: Time | None = None
    description: str = ""
    details: str = ""
    client_id: int | str | None = None
    tag: str = ""
    text_color: str = ""
    background_color: str = ""

    def __post_init__(self) -> None:
        if self.client_id is None and not self.tag:
            raise ValueError(
                f"the annotation {self.description!r} needs a client_id or a tag: whose row is it in?"
            )
