"""The models that come with the checker; docs/models.md tells what each knows.

    verdict = check(history, named("fifo-queue"))

MODELS: a model by its name, as the command line knows it. named: one of them, or an error with a suggestion.
canonical, text, words: JSON values as states and in words.

Invariants: true is not 1 and false is not 0, while 1 and 1.0 are one number, also inside lists; states are
hashable, equal states behave alike; an operation of a wrong form is a ModelError, never anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from checkers.lincheck.model import Model, ModelError
from checkers.lincheck.models.base import meant
from checkers.lincheck.models.files import Files
from checkers.lincheck.models.key_value import KeyValue
from checkers.lincheck.models.queues import FifoQueue, UnorderedQueue
from checkers.lincheck.models.registers import CasRegister, MultiRegister, Register
from checkers.lincheck.models.sets import Set
from checkers.lincheck.models.small import Counter, Mutex, Noop
from checkers.lincheck.models.values import canonical, text, words

__all__ = [
    "MODELS",
    "CasRegister",
    "Counter",
    "FifoQueue",
    "Files",
    "KeyValue",
    "MultiRegister",
    "Mutex",
    "Noop",
    "Register",
    "Set",
    "UnorderedQueue",
    "canonical",
    "named",
    "text",
    "words",
]

MODELS: Mapping[str, Callable[[], Model]] = {
    "register": Register,
    "cas-register": partial(CasRegister, failed_cas="observation"),
    "multi-register": MultiRegister,
    "mutex": Mutex,
    "fifo-queue": FifoQueue,
    "unordered-queue": UnorderedQueue,
    "set": Set,
    "counter": Counter,
    "noop": Noop,
    "key-value": KeyValue,
    "files": Files,
}


def named(name: str) -> Model:
    """A new model by its name in `MODELS`. Raises ModelError with the nearest name for any other."""
    make = MODELS.get(name)
    if make is None:
        raise ModelError(
            f"there is no model {name!r:.60}; the models are {', '.join(MODELS)}{meant(str(name), MODELS)}"
        )
    return make()
