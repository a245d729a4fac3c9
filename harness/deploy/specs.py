"""What a system says of its nodes, checked at the door.

Invariants: whatever is wrong with it is one ConfigError that names the system's class with its file and line,
the node, and everything that is wrong at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from systems.api import NodeContext, NodeSpec, System


def node_spec(system: System, ctx: NodeContext) -> NodeSpec:
    """`system.node(ctx)`, if it is what it must be. Raises ConfigError otherwise."""
    try:
        spec: Any = system.node(ctx)
    except Exception as error:
        raise ConfigError(
            f"{whereabouts(system)}: node({ctx.name!r}) raised {type(error).__name__}: {error}",
            fix="make node(ctx) return a systems.api.NodeSpec for every node",
        ) from error
    if not isinstance(spec, NodeSpec):
        raise ConfigError(
            f"{whereabouts(system)}: node({ctx.name!r}) returned {_shown(spec)}, not a NodeSpec",
            fix="return systems.api.NodeSpec(argv=(...), ports=(...))",
        )
    faults = list(_faults(spec, Path(ctx.data_dir)))
    if faults:
        raise ConfigError(
            f"{whereabouts(system)}: node({ctx.name!r}) returned a NodeSpec with {'; '.join(faults)}",
            fix="see NodeSpec in systems/api.py for what each field means",
        )
    return spec


def whereabouts(system: System) -> str:
    """The class, and the file and line where it stands."""
    kind = type(system)
    try:
        return f"{kind.__qualname__} ({inspect.getsourcefile(kind)}:{inspect.getsourcelines(kind)[1]})"
    except (OSError, TypeError):  # made at run time, or in C
        return f"{kind.__module__}.{kind.__qualname__}"


def path_in(data_dir: Path, path: str) -> Path:
    """A path of `NodeSpec.files`, absolute; relative ones are meant from `data_dir`."""
    return (data_dir / path).resolve()


def _faults(spec: NodeSpec, data_dir: Path) -> Iterator[str]:
    if not _is_strings(spec.argv) or not spec.argv:
        yield f"argv {_shown(spec.argv)}: a tuple of at least one string"
    if not isinstance(spec.ports, tuple | list) or not all(_is_port(port) for port in spec.ports):
        yield f"ports {_shown(spec.ports)}: a tuple of numbers from 1 to 65535"
    for field, value in (("env", spec.env), ("files", spec.files)):
        if not isinstance(value, Mapping) or not _is_strings((*value, *value.values())):
            yield f"{field} {_shown(value)}: a mapping of strings to strings"
        elif field == "files":
            root = data_dir.resolve()
            outside = [path for path in value if not path_in(data_dir, path).is_relative_to(root)]
            if outside:
                yield f"files outside of its data_dir: {', '.join(outside)}"
    if not _is_strings(spec.log_files):
        yield f"log_files {_shown(spec.log_files)}: a tuple of paths as strings"


def _is_strings(value: Any) -> bool:
    if not isinstance(value, tuple | list):
        return False
    return all(isinstance(item, str) and "\0" not in item for item in value)


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
