"""The names of what is tried for runs on machines reached by SSH, and which of it is needed for what.

Apart from `harness.doctor.ssh`, so that who only asks what a run needs does not import SSH.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

NAMES = ("login", "agent", "python", "clock", "disk", "open files", "signals", "nft rules")
LOGIN, AGENT, PYTHON, CLOCK, DISK, FILES, SIGNALS, RULES = NAMES
RUNS = (LOGIN, AGENT, PYTHON, CLOCK, DISK)
NEEDS: Mapping[str, Collection[str]] = {"partition": (RULES,), "kill": (SIGNALS,), "pause": (SIGNALS,)}
