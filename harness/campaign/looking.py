"""Asking what systems are and what this machine can do, each in a process of its own.

Invariant: what hangs, crashes or prints nonsense when it is looked at is broken, and said to be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.examine import Examined, examine, lacking
from harness.campaign.isolation import Ended, Target, Watched, isolated
from harness.campaign.jobs import Limits

AT_A_TIME = 4
LOOK = Limits(60.0, 4096, 64)  # at a place


def looked_at(systems: Mapping[str, Sequence[Mapping[str, Any]]], limits: Limits) -> dict[str, Examined]:
    """From systems, each with the values of its cells, to what was found."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = pool.map(lambda name: _one(name, systems[name], limits), systems)
        return dict(zip(systems, found, strict=True))


def _one(reference: str, cells: Sequence[Mapping[str, Any]], limits: Limits) -> Examined:
    ended = _asked(examine, (reference, [dict(values) for values in cells]), limits)
    if ended.how != "done":
        return Examined(broken=f"{reference}: when it was looked at, {ended.said}")
    return msgspec.json.decode(ended.answer, type=Examined)


def lacking_here(place: str, options: Mapping[str, str]) -> str:
    """Why no run can be carried out at `place` on this machine; "" if it can."""
    ended = _asked(lacking, (place, dict(options)), LOOK)
    if ended.how != "done":
        return f"when {place} was looked at, {ended.said}"
    return msgspec.json.decode(ended.answer, type=str)


def _asked(target: Target, arguments: Sequence[Any], limits: Limits) -> Ended:
    with tempfile.TemporaryDirectory(prefix="splitbrain-look-") as folder:
        return isolated(target, arguments, limits, Watched(Path(folder) / "log"))
