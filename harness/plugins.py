"""Loading a system by name (entry point `splitbrain.systems`) or as `path/to/file.py:Class`; strangers are
validated here.

Invariants: everything that can be seen without starting anything is checked at once, and all faults are
reported together, each with file and line; nothing of the class is called but its constructor.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from harness.errors import ConfigError
from harness.suggestion import suggestion
from systems.api import ChecksOptions, ClientContext, Invocation, System

GROUP = "splitbrain.systems"
_ELSEWHERE = (
    "mend the file, or install what it imports where clients run (--on docker: in an image of your own,"
    " -o image=NAME; or leave clients on this machine, -o clients=host)"
)
_ARGUMENTS = {"node": "ctx", "client": "ctx"}


@cache
def installed() -> Mapping[str, EntryPoint]:
    """The systems that this environment knows by name; looked up once, since every package is asked."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)}


def load_system(reference: str) -> System:
    """The system `reference` names, made and validated. Raises ConfigError."""
    kind = _load_file(reference) if ".py" in reference else _load_name(reference)
    faults = _faults_of(kind)
    if faults:
        raise ConfigError(
            f"{where(kind)}: {reference} is not a system: " + "; ".join(faults),
            fix="give it node(self, ctx) and client(self, ctx); see examples/tcp_store.py",
        )
    try:
        return cast(System, kind())
    except Exception as error:
        raise ConfigError(
            f"{where_raised(error, where(kind))}: {kind.__name__}() raised {type(error).__name__}: {error}",
            fix="the class must be constructible without arguments",
        ) from error


def reference_for(reference: str) -> str:
    """`reference` as it can be used from any working folder (a file's path made absolute)."""
    if ".py" not in reference:
        return reference
    path, _, name = reference.rpartition(":")
    return f"{Path(path).resolve()}:{name}" if path else reference


def _load_name(name: str) -> type:
    known = installed()
    if name not in known:
        raise ConfigError(
            f"unknown system {name!r}", fix=suggestion(name, known) + " (your own: path/to/file.py:Class)"
        )
    point = known[name]
    try:
        return cast(type, point.load())
    except Exception as error:
        raise ConfigError(
            f"{where_raised(error, point.value)}: loading {name} raised {type(error).__name__}: {error}",
            fix=f"mend or reinstall the distribution that provides {point.value}",
        ) from error


def _load_file(reference: str) -> type:
    path_text, colon, class_name = reference.rpartition(":")
    if not colon or not path_text.endswith(".py"):
        raise ConfigError(f"{reference!r} does not name a class", fix="write path/to/file.py:Class")
    path = Path(path_text)
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such file",
            fix="give the path of a Python file, relative to the working folder or absolute",
        )
    module = _import_file(path.resolve())
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        classes = [
            n for n, v in vars(module).items() if isinstance(v, type) and v.__module__ == module.__name__
        ]
        raise ConfigError(f"{path}: no class {class_name!r}", fix=suggestion(class_name, classes))
    return found


def _import_file(path: Path) -> ModuleType:
    name = f"splitbrain_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: not importable", fix="give a Python source file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling-free introspection look the module up by name
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno}: {error.msg}", fix="mend the file") from None
    except Exception as error:
        raise ConfigError(
            f"{where_raised(error, str(path))}: importing it raised {type(error).__name__}: {error}",
            fix=_ELSEWHERE if isinstance(error, ImportError) else "mend the file",
        ) from error
    return module


def where(thing: object) -> str:
    """`file:line` of a class or function, as well as it is known."""
    target = thing if isinstance(thing, type) or inspect.isroutine(thing) else type(thing)
    try:
        file = inspect.getsourcefile(cast(Any, target))
        return f"{file}:{inspect.getsourcelines(cast(Any, target))[1]}"
    except (TypeError, OSError):
        return getattr(target, "__module__", "?")


def where_raised(error: BaseException, otherwise: str) -> str:
    """`file:line` of the innermost frame in which `error` was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else otherwise


def _faults_of(kind: type) -> list[str]:
    faults = []
    for method, argument in _ARGUMENTS.items():
        found = inspect.getattr_static(kind, method, None)
        if found is None:
            faults.append(f"it has no method {method}({argument})")
        elif not _takes(getattr(kind, method), 2):
            faults.append(f"{where(getattr(kind, method))}: {method} must take (self, {argument})")
    options = getattr(kind, "options", {})
    if not isinstance(options, Mapping) or not all(
        isinstance(v, str) for pair in options.items() for v in pair
    ):
        faults.append("`options` must map option names to default values, all of them text")
    return faults


def _takes(function: Any, count: int) -> bool:
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    return True


def checked_options(system: System, given: Mapping[str, str], nodes: Sequence[str]) -> dict[str, str]:
    """The system's options, defaults filled in. Raises ConfigError for one that it does not have or take."""
    defaults: Mapping[str, str] = getattr(system, "options", {})
    for key in given:
        if key not in defaults:
            raise ConfigError(
                f"-o {key}: {type(system).__name__} has no such option", fix=suggestion(key, defaults)
            )
    options = {**defaults, **given}
    if isinstance(system, ChecksOptions):
        try:
            system.check(options, nodes)
        except ValueError as error:
            raise ConfigError(f"-o: {error}", fix="see `splitbrain show` for the options") from None
    return options


def checked_client(system: System, ctx: ClientContext) -> Any:
    """A client of the system; raises ConfigError with file and line when `client(ctx)` gives something
    else.
    """
    try:
        client = system.client(ctx)
    except Exception as error:
        raise ConfigError(
            f"{where_raised(error, where(system))}: client(ctx) raised {type(error).__name__}: {error}",
            fix="mend the method",
        ) from error
    faults = [
        f"`{name}` is not an async method" if hasattr(client, name) else f"it has no method `{name}`"
        for name in ("open", "invoke", "close")
        if not inspect.iscoroutinefunction(getattr(client, name, None))
    ]
    if faults:
        raise ConfigError(
            f"{where(system.client)}: client(ctx) returned a {type(client).__name__}: " + "; ".join(faults),
            fix="return an object with async open(), invoke(op) and close()",
        )
    return client


def wrong_answer(client: Any, op: Invocation, value: Any) -> str | None:
    """What is wrong with the value that `invoke(op)` returned, with file and line; None when nothing is."""
    if op.f == "cas":
        problem = None if isinstance(value, bool) else "a cas must return True or False"
    elif op.f in ("read", "list"):
        parts = value if isinstance(value, list) else [value]
        scalars = all(part is None or isinstance(part, bool | int | float | str) for part in parts)
        problem = (
            None if scalars else f"a {op.f} must return None, a bool, a number, a string, or a list of them"
        )
    else:
        problem = None
    if problem is None:
        return None
    called = f"{type(client).__name__}.invoke({op.f} {op.key})"
    return f"{where(type(client).invoke)}: {called} returned {value!r:.80}: {problem}"
