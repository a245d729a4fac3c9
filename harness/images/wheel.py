"""The wheel of the node part, and the folder a node imports from.

Invariants: both hold `systems` and what it imports, and nothing of the checkers, the harness, the nemeses or
the reports; sources are taken from where `systems` is imported from, a checkout or an installation.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from harness.errors import EnvironmentFault, MissingPrerequisite
from harness.images import content, process, recipe

_TIMEOUT_S = 600.0
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
_FIX = "mend what pip says; it needs PyPI, or a copy of it that pip's configuration names"


def require_pip() -> None:
    """Raises MissingPrerequisite when there is no pip in this environment."""
    if importlib.util.find_spec("pip") is None:
        raise MissingPrerequisite(
            f"no pip for {sys.executable}",
            fix=f"{sys.executable} -m ensurepip, or apt-get install python3-pip",
        )


def make_wheel(work: Path) -> Path:
    """The wheel of the node part, made inside the folder `work`."""
    require_pip()
    sources, out = work / "sources", work / "wheel"
    for name, data in content.files(content.root()).items():
        target = sources / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (sources / "pyproject.toml").write_text(content.project(content.pins(content.root())), encoding="utf-8")
    process.run([*_PIP, "wheel", "--no-deps", "--wheel-dir", str(out), str(sources)], _TIMEOUT_S, _FIX)
    made = list(out.glob("*.whl"))
    if len(made) != 1:
        raise EnvironmentFault(f"pip made {len(made)} wheels of the node part instead of one", fix=_FIX)
    return made[0]


def make_site(wheel: Path, site: Path, architecture: str, python: str = recipe.PYTHON) -> None:
    """Unpack `wheel` and all it needs into `site`, for a `python` (the image's) on an `architecture`."""
    kinds = [f"--platform={platform}" for platform in recipe.platforms(architecture)]
    target = ["--target", str(site), "--only-binary=:all:", f"--python-version={python}"]
    # Compiled by the image's own Python instead: this one may be another version.
    how = ["install", "--no-compile", "--no-warn-conflicts", "--implementation=cp", *target, *kinds]
    process.run([*_PIP, *how, str(wheel)], _TIMEOUT_S, _FIX)
