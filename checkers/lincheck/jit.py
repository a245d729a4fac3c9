"""The kernel, plain or compiled: the same source.

Plain, it runs on lists and starts at once, which serves small histories; compiled by numba it is some hundred
times faster, after a compilation of seconds that is kept on disk. The functions of the kernel refer to each
other by name; `compiled` gives every one a copy whose names are the compiled ones.

What is kept stands in a folder named by a digest of the kernel's source: numba itself looks only at the
file of the function that is called first, and would go on using what other files said before they were
changed.

Compiling takes one core some ten seconds, so where there are two, a second process (this module as a program)
compiles a part of it at the same time, into the same folder.

Invariants: this module alone imports numba, and only when asked; SPLITBRAIN_LINCHECK_JIT=off keeps it plain,
`always` compiles for the smallest history. Where no folder can be written, it compiles anew for every
process. If the second process fails, the first does its work.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import subprocess
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkers.lincheck.kernel import decide, dive, expand, layers, memory, moves, prepare, trace

MODULES = (memory, prepare, moves, expand, layers, dive, trace, decide)
# Inlined by LLVM: twice as fast, as a call with four arrays has twenty-eight arguments.
LEAVES = frozenset({
    "add_root", "arrive", "close", "come_in", "copy_place", "cover", "ctz", "entry", "equal_ints", "finish",
    "has_room", "hash_ints", "is_junk", "lets", "mark", "mix", "move_on", "owner", "place", "push", "settle",
    "step", "type_at", "unmark", "use",
})  # fmt: skip
# What Python calls.
ENTRIES = frozenset({
    "allowed", "begin", "decide", "dive", "enter", "flush", "move_to_front", "number_events", "number_types",
    "open_list", "open_order", "place", "rewind", "run_layers", "step", "trace", "uncall", "unfinish",
})  # fmt: skip

# What a second process compiles.
APART = ("load", "give_slots", "begin_dive", "trace", "flush", "open_order", "move_to_front", "unfinish")


@functools.cache
def plain() -> types.SimpleNamespace:
    """The kernel's functions as they are."""
    names: dict[str, Any] = {}
    for module in MODULES:
        names.update({k: v for k, v in vars(module).items() if not k.startswith("__")})
    return types.SimpleNamespace(**names)


@functools.cache
def compiled() -> types.SimpleNamespace:
    """The same, compiled."""
    import numba

    folder = _folder(numba.__version__)
    second = None
    if folder is not None and sys.executable and len(os.sched_getaffinity(0)) > 1 and not is_kept():
        command = [sys.executable, "-m", __name__]
        quiet = subprocess.DEVNULL
        second = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        return _compiled(numba, folder, second)
    finally:
        if second is not None:
            second.kill()
            second.wait()


def compile_apart() -> None:
    """What the second process does."""
    import numba

    folder = _folder(numba.__version__)
    if folder is not None:
        _compiled(numba, folder, None, APART)


def _compiled(
    numba: Any, folder: str | None, second: subprocess.Popen[bytes] | None, only: Sequence[str] = ()
) -> types.SimpleNamespace:
    """Every function (or those in `only`, and what they call), callees first."""
    config: Any = numba.config
    before = config.CACHE_DIR, config.OPT, config.LOOP_VECTORIZE
    if folder is not None:
        config.CACHE_DIR = folder
    # A tenth less to wait for code that is as fast.
    config.OPT, config.LOOP_VECTORIZE = type(config.OPT)(1), 0
    try:
        builder = _Builder(numba, keep=folder is not None)
        for name in only or [name for name in builder.sources if name not in APART]:
            builder.build(name)
        if second is not None:
            second.wait()
        for name in () if only else builder.sources:
            builder.build(name)
        return types.SimpleNamespace(**builder.names)
    finally:
        config.CACHE_DIR, config.OPT, config.LOOP_VECTORIZE = before


class _Builder:
    """Functions of the kernel, compiled one by one.

    Every function gets the one signature that its annotations say, callees first, so that none is compiled
    twice for a constant among its arguments.
    """

    def __init__(self, numba: Any, *, keep: bool) -> None:
        self.numba = numba
        self.keep = keep
        self.names: dict[str, Any] = {"__name__": __name__, "__builtins__": __builtins__}
        self.sources: dict[str, types.FunctionType] = {}
        for module in MODULES:
            for name, value in vars(module).items():
                if isinstance(value, types.FunctionType):
                    if value.__module__ == module.__name__:
                        self.sources[name] = value
                elif not name.startswith("__"):
                    self.names[name] = value

    def build(self, name: str) -> None:
        """Compile a function and what it calls, unless that is done."""
        if name in self.names:
            return
        numba, source = self.numba, self.sources[name]
        for callee in source.__code__.co_names:
            if callee in self.sources:
                self.build(callee)
        kinds = {
            "Ints": numba.int64[::1],
            "int": numba.int64,
            "bool": numba.boolean,
            "None": numba.void,
        }
        given = dict(source.__annotations__)
        returned = kinds[given.pop("return")]
        copy = types.FunctionType(source.__code__, self.names, name)
        copy.__module__ = source.__module__
        wrap = numba.njit(
            returned(*(kinds[kind] for kind in given.values())),
            cache=self.keep,
            nogil=True,
            forceinline=name in LEAVES,
            no_cfunc_wrapper=True,
            no_cpython_wrapper=name not in ENTRIES,
            _nrt=False,  # no reference counts: nothing here allocates, and they took most of the time
        )
        self.names[name] = wrap(copy)


def _folder(version: str) -> str | None:
    """Where compiled code is kept; None if nowhere."""
    digest = hashlib.sha256(version.encode())
    for module in MODULES:
        digest.update(inspect.getsource(module).encode())
    digest.update(" ".join(sorted(LEAVES)).encode())
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(chosen or home) / "splitbrain-lincheck" / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder) if os.access(folder, os.W_OK) else None


def is_kept() -> bool:
    """Whether compiled code stands on disk already, so that using it costs half a second and not many."""
    import importlib.metadata

    folder = _folder(importlib.metadata.version("numba"))
    return folder is not None and any(Path(folder).rglob("*.nbc"))


def is_compiled() -> bool:
    """Whether this process has paid for the compiled kernel already."""
    return compiled.cache_info().currsize > 0


def setting() -> str:
    """ "on": compiled where that pays; "off": never; "always": from the first operation."""
    return os.environ.get("SPLITBRAIN_LINCHECK_JIT", "on")


if __name__ == "__main__":
    compile_apart()
