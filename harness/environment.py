"""What this machine and this program are, for the report: versions, kernel, cores, the time; no host name, no
user name.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("splitbrain", "grpcio", "msgspec", "numpy")


def environment(place: str) -> dict[str, str]:
    """Names and values, in order of interest."""
    facts = {"place": place, "python": sys.version.split()[0]}
    for package in _PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed as a distribution"
    facts["kernel"] = f"{platform.system()} {platform.release()} {platform.machine()}"
    facts["cores"] = str(os.cpu_count())
    return facts


def now_text() -> str:
    """Now, as cards and results have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
