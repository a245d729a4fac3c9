"""Which model the command `lincheck` judges a history by, and what a failed cas means in it.

Invariants: what is named is never replaced by a guess; a default comes from the format, the header, or from
operations that only a register has.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from checkers.history import History, Outcome
from checkers.interop.detect import Format, Reading
from checkers.lincheck.command_options import FailedCas, Options, UsageProblem, suggestion
from checkers.lincheck.model import Model, ModelError


class NoModel(ValueError):
    """A history that no model is chosen for: the `problem` and the `fix`."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


def chosen(options: Options) -> Model | None:
    """The model that `--model` names, None if it names none. Raises UsageProblem."""
    name = options.model
    if name is None:
        return None
    if name == "cas-register":
        return None if options.failed_cas is None else _cas_register(options.failed_cas)
    from checkers.lincheck.models import MODELS

    try:
        if ":" not in name:
            if name not in MODELS:
                hint = suggestion(name, MODELS)
                raise UsageProblem(
                    f"--model: there is no model {name!r}: {hint}, or give package.module:Class"
                )
            return MODELS[name]()
        from checkers.lincheck.plain import load

        if "" not in sys.path:
            sys.path.insert(0, "")  # the working folder, which a script has not
        return load(name)
    except ModelError as error:
        raise UsageProblem(f"--model: {error}") from error
    except Exception as error:  # a stranger's code runs here
        raise UsageProblem(f"--model: loading {name} failed: {type(error).__name__}: {error}") from error


def prepared(reading: Reading, options: Options, model: Model | None) -> tuple[History, Model]:
    """The history to judge, and the model: `model` if it is chosen, else the default for this history.

    Raises NoModel.
    """
    history, told = reading.history, reading.history.meta.get("failed_cas")
    if reading.format == "edn" and options.failed_cas == "observation":
        history = _observed(history)
    if model is not None:
        return history, model
    name = options.model or default_name(reading.format, history)
    if name != "cas-register":
        from checkers.lincheck.models import named

        return history, named(name)
    meanings: tuple[FailedCas, ...] = ("observation", "did-not-happen")
    meaning: FailedCas = "observation"
    if told is not None and options.failed_cas is None:
        if told not in meanings:
            raise NoModel(
                f"the header's failed_cas is {told!r:.60}",
                f"--failed-cas {' or '.join(meanings)} overrides it",
            )
        meaning = meanings[meanings.index(told)]
    return history, _cas_register(options.failed_cas or meaning)


def default_name(format: Format, history: History) -> str:
    """The name of the model for `history`. Raises NoModel if neither its header nor its operations tell."""
    if format == "porcupine-etcd":
        return "cas-register"
    if format == "porcupine-kv":
        return "key-value"
    for key in ("model", "workload"):
        name = history.meta.get(key)
        if name is not None:
            return _known(key, name)
    seen = {history.f_names[code] for code in history.f.tolist()}
    if seen <= {"read", "write"}:
        return "register"
    if seen <= {"read", "write", "cas"}:
        return "cas-register"
    others = ", ".join(sorted(seen - {"read", "write", "cas"}))
    raise NoModel(f"no register knows the operations {others:.200}", "name the model with --model")


def _known(key: str, name: object) -> str:
    from checkers.lincheck.models import MODELS

    if isinstance(name, str) and name in MODELS:
        return name
    names: Iterable[str] = MODELS
    hint = suggestion(name, names) if isinstance(name, str) else f"choose one of {', '.join(names)}"
    raise NoModel(f"the header's {key} {name!r:.60} is no model", f"name the model with --model ({hint})")


def _cas_register(failed_cas: FailedCas) -> Model:
    from checkers.lincheck.models import CasRegister

    return CasRegister(failed_cas=failed_cas)


def _observed(history: History) -> History:
    """With every cas that failed as one that answered False, unless it failed with an error."""
    ops = [
        replace(op, outcome=Outcome.OK, output=False)
        if op.outcome == Outcome.FAIL and op.f == "cas" and op.error is None
        else op
        for op in history
    ]
    return History.of(ops, history.disturbances, history.meta)
