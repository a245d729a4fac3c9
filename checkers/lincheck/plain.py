"""A model out of a plain class: the shortest way to a model of one's own. docs/models.md has examples.

    class Stack:
        init = ()
        reads = ("top",)
        def push(self, state, value): return (*state, value), None
        def pop(self, state): return (state[:-1], state[-1]) if state else None
        def top(self, state): return (state, state[-1]) if state else None

    verdict = check(history, plain(Stack))

The convention: `init` is the first state, or a function without arguments that gives it. Every other public
method is an operation. It takes the state, and the input as its parameters say: none (the input must be
None), one (the input as it is), several (the input is a list of as many). It returns the pair (new state,
answer), or None where the operation is illegal, or a list of such pairs if several things may happen. The
answer is compared with the one that was seen; `...` stands for any answer. States are hashable.

Invariants: a method is asked twice for each distinct question, and two different replies are an error; states
are told apart more finely than by `==` (true is not 1, nor 1 1.0), which no model can observe; whatever a
method does wrong is a ModelError that names the operation, the state and the fix.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import ModuleType
from typing import Any

from checkers.history import Outcome
from checkers.identity import identity
from checkers.lincheck.model import UNKNOWN, Model, ModelError, State
from checkers.lincheck.models.base import meant
from checkers.lincheck.models.values import canonical, text, words

Method = Callable[..., Any]
Step = Callable[[Any, str, Any, Any], Any]
Where = Callable[[], str]

_SIMPLE = frozenset({str, int, type(None)})  # whose `==` is exact among themselves
_WIDEST = 200  # characters of a state that are shown
_MANY = 1 << 30  # parameters of a method that takes *args
_RETURN = "return (new_state, answer), or None where it is illegal"


class _Held:
    """A state of the class's own, with an equality that tells true from 1 and 1 from 1.0."""

    __slots__ = ("_hash", "key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = _exact(value)
        self._hash = hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.key == other.key

    def __hash__(self) -> int:
        return self._hash


def _exact(value: Any) -> Hashable:
    """Equal only for values of equal types with equal parts; finer than `==`, never coarser."""
    kind = type(value)
    if kind in _SIMPLE:
        return value  # type: ignore[no-any-return]
    if isinstance(value, tuple):
        return (kind, *(value if _SIMPLE.issuperset(map(type, value)) else map(_exact, value)))
    if isinstance(value, frozenset):
        return (kind, frozenset(map(_exact, value)))
    if kind is float:
        return (kind, repr(value))
    if dataclasses.is_dataclass(value):
        hash(value)
        return (kind, *(_exact(getattr(value, field.name)) for field in dataclasses.fields(value)))
    return (kind, value)


def shown(value: Any) -> str:
    """A state in words: JSON values as everywhere else, the members of sets in order, the rest by `repr`."""
    if isinstance(value, frozenset | set):
        full = "{" + ", ".join(sorted(map(shown, value))) + "}"
    elif type(value) in (tuple, list):
        full = "[" + ", ".join(map(shown, value)) + "]"
    else:
        try:
            full = text(canonical(value))
        except ModelError:
            full = repr(value)
    return full if len(full) <= _WIDEST else full[:_WIDEST] + "…"


def plain(
    what: Any,
    *,
    init: Any = None,
    reads: Iterable[str] | None = None,
    name: str | None = None,
) -> Model:
    """The model described by `what`: a class or an object as in this module's docstring; a mapping from
    operations to functions `(state, ...) -> (new state, answer) | None`; or one function
    `step(state, f, input, output) -> new state or None`, whose output is UNKNOWN where no answer came, and
    which raises an error for an operation that it does not know.

    init, reads, name: what a class says by its attributes of these names, for the other two. reads: the
    operations that never change the state (a faster search; verified at every step). Raises ModelError for
    anything that is none of these.
    """
    if isinstance(what, Mapping):
        return _Methods(dict(what), init, _names(reads), name or "plain")
    if inspect.isfunction(what) or inspect.ismethod(what) or inspect.isbuiltin(what):
        return _Stepped(what, init, _names(reads), name or what.__name__)
    made = _made(what) if inspect.isclass(what) else what
    if not hasattr(made, "init"):
        raise ModelError(f"{_named(what)} has no `init`; give it the first state, as in `init = None`")
    told = _names(getattr(made, "reads", ()) if reads is None else reads)
    called = name or str(getattr(made, "name", type(made).__name__))
    methods = {
        attribute: getattr(made, attribute)
        for attribute in dir(made)
        if not attribute.startswith("_")
        and attribute not in ("init", "reads", "name", "describe_state")
        and callable(getattr(made, attribute))
    }
    return _Methods(methods, made.init, told, called, getattr(made, "describe_state", shown))


def load(where: str) -> Model:
    """The model at "package.module:Class" or "path/to/file.py:Class": a `Model`, or anything for `plain`.

    Raises ModelError that says what is missing, and the fix.
    """
    place, colon, attribute = where.rpartition(":")
    if not colon or not place or not attribute:
        raise ModelError(f"{where!r:.100} names no model: write package.module:Class or path/file.py:Class")
    module = _module(place)
    found = getattr(module, attribute, None)
    if found is None:
        public = [n for n in vars(module) if not n.startswith("_")]
        raise ModelError(f"{place} has no {attribute!r}{meant(attribute, public)}")
    if all(hasattr(found, part) for part in ("initial", "step", "reads_only", "describe_op")):
        model: Model = _made(found) if inspect.isclass(found) else found
        return model
    return plain(found)


def _module(place: str) -> ModuleType:
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        stem = place.replace("\\", "/").rpartition("/")[2][:-3]
        spec = importlib.util.spec_from_file_location(stem, place)
        if spec is None or spec.loader is None:
            raise ModelError(f"{place} is no Python file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except FileNotFoundError as error:
        raise ModelError(f"there is no file {place}") from error
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(error.name + ".")):
            fix = "is its folder on the path (PYTHONPATH)?"
            raise ModelError(f"there is no module {error.name!r}; {fix}") from error
        raise ModelError(f"{place} cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
        raise ModelError(f"{place} cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _made(kind: Any) -> Any:
    try:
        return kind()
    except Exception as error:
        raise ModelError(
            f"{_named(kind)}() raises {type(error).__name__}: {error}; it is called without arguments"
        ) from error


def _names(reads: Iterable[str] | None) -> tuple[str, ...]:
    """A name alone is meant as one."""
    return (reads,) if isinstance(reads, str) else tuple(reads or ())


def _named(what: Any) -> str:
    return str(getattr(what, "__name__", type(what).__name__))


class _Plain:
    """What both kinds share: everything but the transition."""

    def __init__(self, init: Any, reads: tuple[str, ...], name: str) -> None:
        self.name = name
        self._reads = frozenset(reads)
        self._show: Callable[[Any], str] = shown
        self._init = self._held(_made(init) if callable(init) else init, lambda: "init")

    def initial(self) -> State:
        """See `Model.initial`."""
        return self._init

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        assert isinstance(state, _Held)
        found = tuple(dict.fromkeys(self._after(state.value, f, input, output)))
        if f in self._reads and any(after != state for after in found):
            where = self._where(f, input, state.value)()
            raise ModelError(f"{where} changes the state to {self._show(found[0].value)}, but is in `reads`")
        return found

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """The operations in `reads`."""
        canonical(input)
        if output is not UNKNOWN:
            canonical(output)
        return f in self._reads

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "push 4", "pop → 4"."""
        called = f if input is None else f"{f} {words(input)}"
        if outcome != Outcome.OK:
            return f"{called} → ?"
        return called if output is None and f not in self._reads else f"{called} → {words(output)}"

    def describe_state(self, state: State) -> str:
        """As the class's `describe_state` says, or its parts."""
        assert isinstance(state, _Held)
        try:
            return str(self._show(state.value))
        except Exception as error:
            where = f"the model {self.name}: describe_state of {shown(state.value)}"
            raise ModelError(f"{where} raises {type(error).__name__}: {error}") from error

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "pop → 4 is illegal, as the state is [3]"."""
        op = self.describe_op(f, input, output, Outcome.INFO if output is UNKNOWN else Outcome.OK)
        return f"{op} is illegal, as the state is {self.describe_state(state)}"

    def _after(self, state: Any, f: str, input: Any, output: Any) -> Iterable[_Held]:
        raise NotImplementedError

    def _held(self, value: Any, where: Where) -> _Held:
        try:
            return _Held(value)
        except RecursionError as error:
            raise ModelError(f"{where()} gives a state that is nested too deeply") from error
        except TypeError as error:
            fix = "use a tuple for a list, a frozenset for a set, a tuple of pairs for a dict"
            raise ModelError(f"{where()} gives a state that cannot be hashed ({error}); {fix}") from error

    def _where(self, f: str, input: Any, state: Any) -> Where:
        """Operation and state in words, when they are needed: states may be large."""
        called = f"the model {self.name}: {f}"
        return lambda: f"{called}{'' if input is None else f' {shown(input)}'} in the state {shown(state)}"

    def _twice(self, ask: Callable[[], Any], where: Where, input: Any) -> Any:
        """The reply of the class's own code, asked twice."""
        before = identity(input)
        try:
            reply, again = ask(), ask()
            same = type(reply) is type(again) and bool(reply == again)
        except Exception as error:
            raise ModelError(f"{where()} raises {type(error).__name__}: {error}") from error
        if identity(input) != before:
            raise ModelError(f"{where()} changes its input; make a copy of it")
        if not same:
            fix = (
                "a model depends on its arguments alone, and its states have __eq__ (a frozen dataclass does)"
            )
            raise ModelError(f"{where()} gives {shown(reply)} once and {shown(again)} then; {fix}")
        return reply


class _Methods(_Plain):
    """One function for each operation."""

    def __init__(
        self,
        methods: dict[str, Method],
        init: Any,
        reads: tuple[str, ...],
        name: str,
        show: Callable[[Any], str] = shown,
    ) -> None:
        super().__init__(init, reads, name)
        self._show = show
        if not methods:
            raise ModelError(f"the model {name} has no operations: give it a method for each")
        for read in reads:
            if read not in methods:
                raise ModelError(
                    f"the model {name}: {read!r} in `reads` is no operation{meant(read, methods)}"
                )
        self._methods = {f: (method, *_arity(method, f, name)) for f, method in methods.items()}

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """The operations in `reads`; refuses operations and inputs that no method takes."""
        if f not in self._methods:
            known = ", ".join(self._methods)
            hint = meant(str(f), self._methods)
            raise ModelError(f"the model {self.name} knows no operation {f!r:.60}; it knows {known}{hint}")
        self._arguments(f, input)
        return super().reads_only(f, input, output)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "pop → 4 is illegal, as the state is [3]: it answers 3 there"."""
        assert isinstance(state, _Held)
        why = super().why_not(state, f, input, output)
        answers = [answer for _, answer in self._pairs(state.value, f, input) if answer is not ...]
        return f"{why}: it answers {' or '.join(map(words, answers))} there" if answers else why

    def _after(self, state: Any, f: str, input: Any, output: Any) -> Iterable[_Held]:
        seen = None if output is UNKNOWN else canonical(output)
        where = self._where(f, input, state)
        for after, answer in self._pairs(state, f, input):
            if output is UNKNOWN or answer is ... or self._answer(answer, where) == seen:
                yield self._held(after, where)

    def _answer(self, answer: Any, where: Where) -> State:
        try:
            return canonical(answer)
        except ModelError as error:
            fix = "an answer is a JSON value, like those of a history (a sorted list for a set)"
            raise ModelError(f"{where()} answers {shown(answer)}; {fix}") from error

    def _pairs(self, state: Any, f: str, input: Any) -> list[tuple[Any, Any]]:
        """What may happen: pairs (new state, answer)."""
        where = self._where(f, input, state)
        method, arguments = self._methods[f][0], self._arguments(f, input)
        reply = self._twice(lambda: method(state, *arguments), where, input)
        pairs = [] if reply is None else reply if isinstance(reply, list) else [reply]
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise ModelError(f"{where()} gives {shown(pair)}; {_RETURN}")
        return pairs

    def _arguments(self, f: str, input: Any) -> tuple[Any, ...]:
        """`input` as the parameters after the state."""
        _, least, most = self._methods[f]
        if input is None and least == 0:
            return ()
        if most == 1:
            return (input,)
        if most > 1 and isinstance(input, list | tuple) and least <= len(input) <= most:
            return tuple(input)
        some = f"{least}" if least == most else f"{least} or more" if most == _MANY else f"{least} to {most}"
        takes = f"a list of {some} as input" if most else "no input"
        raise ModelError(f"the model {self.name}: {f} takes {takes}, not {shown(input)}")


def _arity(method: Method, f: str, name: str) -> tuple[int, int]:
    """How many parameters a method needs after the state, and how many it takes."""
    if not callable(method):
        raise ModelError(f"the model {name}: {f} is {method!r:.60}, not a function")
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except ValueError:
        return 1, 1
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if (not places and not many) or any(p.kind is p.KEYWORD_ONLY for p in needed):
        raise ModelError(f"the model {name}: {f} must take the state, as in `def {f}(self, state)`")
    least = max(len([p for p in needed if p in places]) - 1, 0)
    return least, _MANY if many else len(places) - 1


class _Stepped(_Plain):
    """One function for all operations."""

    def __init__(self, function: Step, init: Any, reads: tuple[str, ...], name: str) -> None:
        super().__init__(init, reads, name)
        self._function = function

    def _after(self, state: Any, f: str, input: Any, output: Any) -> Iterable[_Held]:
        where = self._where(f, input, state)
        reply = self._twice(lambda: self._function(state, f, input, output), where, input)
        return () if reply is None else (self._held(reply, where),)
