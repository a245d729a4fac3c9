"""The oracle's specifications as models for the checker, and the checker's own models beside them."""

from __future__ import annotations

import random
from typing import Any

from checkers.history import Outcome
from checkers.lincheck import UNKNOWN, CasRegister, Model
from checkers.lincheck.model import ANY, Guard
from checkers.lincheck.models import MODELS, named
from tests.oracles.specs import Guards, Spec


class SpecModel:
    """A specification as a model: states are the specification's."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.name = f"{spec.name} (oracle)"

    def initial(self) -> Any:
        """See `Model.initial`."""
        return self.spec.start

    def step(self, state: Any, f: str, given: Any, output: Any) -> tuple[Any, ...]:
        """See `Model.step`."""
        crashed = output is UNKNOWN
        return tuple(dict.fromkeys(self.spec.after(state, f, given, None if crashed else output, crashed)))

    def reads_only(self, f: str, given: Any, output: Any) -> bool:
        """See `Model.reads_only`."""
        return self.spec.only_reads(f, given, None if output is UNKNOWN else output)

    def describe_op(self, f: str, given: Any, output: Any, outcome: Outcome) -> str:
        """The operation, raw."""
        return f"{f} {given!r} → {output!r} ({outcome.name})"

    def describe_state(self, state: Any) -> str:
        """The state, raw."""
        return repr(state)

    def why_not(self, state: Any, f: str, given: Any, output: Any) -> str:
        """The operation and the state, raw."""
        return f"{f} {given!r} → {output!r} is impossible in {state!r}"


class GuardedModel(SpecModel):
    """The same with `guard`; of the functions in `shy` it does not give any."""

    spec: Guards

    def __init__(self, spec: Guards, shy: frozenset[str] = frozenset()) -> None:
        super().__init__(spec)
        self.shy = shy
        self.name = f"{spec.name} (oracle, guarded but for {sorted(shy)})"

    def guard(self, f: str, given: Any, output: Any) -> Guard | None:
        """See `Guarded.guard`."""
        if f in self.shy:
            return None
        return Guard(*[ANY if part is None else part for part in self.spec.rules[f]])


def own(name: str) -> Model | None:
    """The checker's model for the specification of this name; None if it has none."""
    if name in ("cas", "weak-cas"):
        return CasRegister(failed_cas="observation" if name == "cas" else "did-not-happen")
    return named(name) if name in MODELS else None


def model_of(spec: Spec, dice: random.Random) -> Model:
    """One of the models that fit `spec`."""
    mine = own(spec.name)
    if mine is not None and dice.random() < 0.7:
        return mine
    if isinstance(spec, Guards) and dice.random() < 0.7:
        shy = [f for f in spec.functions if dice.random() < 0.3] if dice.random() < 0.4 else []
        return GuardedModel(spec, frozenset(shy))
    return SpecModel(spec)
