"""What goes into a node's image, and the image's name, which is a digest of that.

Invariants: the name changes when the node program, a package it imports or the recipe changes, and for no
other reason; nothing is read but the installed `systems` and the metadata of installed packages.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, requires, version
from pathlib import Path

import systems
from harness.errors import MissingPrerequisite
from harness.images import recipe
from systems.registry import ENTRIES

_KEY_CHARACTERS = 12
_SKIPPED = "__pycache__"


def root() -> Path:
    """Where the node program lives, in a checkout or installed."""
    return Path(systems.__path__[0])


def files(folder: Path) -> dict[str, bytes]:
    """Relative path -> bytes of all that goes in of the package `folder`, in order of path."""
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _SKIPPED not in path.parts
    }


def imported(folder: Path) -> set[str]:
    """The modules that those in `folder` import, by their full names."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return found


def pins(folder: Path) -> dict[str, str]:
    """Distribution -> version, as installed here, of what `folder` imports and what that needs in turn."""
    providers = packages_distributions()
    # Only the simulator imports `checkers`, and a node never runs it.
    ours = {"systems", "checkers"}
    modules = {name: name.partition(".")[0] for name in imported(folder)}
    theirs = {name: top for name, top in modules.items() if top not in ours | sys.stdlib_module_names}
    unknown = sorted({top for top in theirs.values() if top not in providers})
    if unknown:
        raise MissingPrerequisite(
            f"the node program imports {', '.join(unknown)}, which no installed distribution provides",
            fix="pip install --force-reinstall splitbrain",
        )
    return dict(sorted(_closure(_provider(name, providers[top]) for name, top in theirs.items()).items()))


def _provider(module: str, candidates: Sequence[str]) -> str:
    """Which of the distributions that share a top-level name (`google` is many's) has `module`."""
    path = module.replace(".", "/")
    for name in candidates if len(set(candidates)) > 1 else ():
        held = {file.with_suffix("").as_posix() for file in distribution(name).files or ()}
        if path in held or f"{path}/__init__" in held:
            return _normal(name)
    return _normal(candidates[0])


def _closure(names: Iterable[str]) -> dict[str, str]:
    versions: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in versions:
            continue
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue  # needed on other machines only
        for line in requires(name) or ():
            requirement, _, marker = line.partition(";")
            if "extra" not in marker:
                waiting.append(_normal(re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]))
    return versions


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def project(pinned: Mapping[str, str]) -> str:
    """The pyproject.toml of the node part."""
    needs = "\n".join(f'  "{name}=={number}",' for name, number in pinned.items())
    points = "\n".join(f'{name} = "{entry.plugin}"' for name, entry in ENTRIES.items())
    return f"""\
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "{recipe.NODE}"
version = "{_own_version()}"
description = "The part of Splitbrain that runs on a node."
requires-python = ">={recipe.PYTHON}"
dependencies = [
{needs}
]

[project.entry-points."splitbrain.systems"]
{points}

[tool.setuptools.packages.find]
include = ["systems*"]

[tool.setuptools.package-data]
"*" = ["*"]
"""


def _own_version() -> str:
    try:
        return version("splitbrain")
    except PackageNotFoundError:
        return "0"  # run from a checkout that is not installed


def key(folder: Path | None = None) -> str:
    """The digest of the package in `folder` (`systems`), the versions of what it needs, and the recipe."""
    folder = folder or root()
    parts = {"Dockerfile": recipe.dockerfile().encode(), "base": recipe.base_recipe().encode()}
    parts["pyproject.toml"] = project(pins(folder)).encode()
    return _digest({**parts, **files(folder)})


def _digest(parts: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in parts.items():
        digest.update(f"{len(name)} {name} {len(data)} ".encode() + data)
    return digest.hexdigest()[:_KEY_CHARACTERS]


def image_name() -> str:
    """The name of the image that belongs to these sources."""
    return f"{recipe.NODE}:{key()}"


def base_name() -> str:
    """The name of the base that `--offline` builds on."""
    return f"{recipe.BASE}:{_digest({'base': recipe.base_recipe().encode()})}"
