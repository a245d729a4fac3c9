"""The names of what is tried for runs in containers, and which of it is needed for what.

Apart from `harness.doctor.docker`, so that who only asks what a run needs does not import the engine's SDK.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

NAMES = ("engine", "image", "container", "its namespace", "stop and kill", "nft rules")
ENGINE, IMAGE, CONTAINER, NAMESPACE, SIGNALS, RULES = NAMES
RUNS = (ENGINE, IMAGE, CONTAINER, NAMESPACE)
NEEDS: Mapping[str, Collection[str]] = {"partition": (RULES,), "kill": (SIGNALS,), "pause": (SIGNALS,)}
