"""The run plan: everything that is decided before a run starts, as one value that is written down first.

Invariants: JSON both ways without loss; the digest depends on the content alone, so equal plans have equal
digests whatever the place; nothing in it depends on the clock.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from harness.errors import ConfigError
from nemeses.plan import FaultPlan

PLAN_VERSION = 1


class ScriptedOp(msgspec.Struct, frozen=True, array_like=True):
    """One operation of a scripted run: `slot`'s process invokes it `at_ns` after the start, or as soon as its
    operation before has ended.
    """

    at_ns: int
    slot: int
    f: str
    key: str
    value: Any = None


class RunPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What will be done. `system` is a name or `file.py:Class`; times in seconds; `rate` 0 means
    unthrottled. script: these operations, instead of those that the workload would deal out. chance: another
    stream for what a simulation leaves to chance.
    """

    system: str
    options: dict[str, str]
    workload: str
    nemeses: str
    nodes: tuple[str, ...]
    clients: int
    time_s: float
    rate: float
    keys: int
    ops_per_key: int
    op_timeout_s: float
    seed: int
    expect: Literal["valid", "anomaly"]
    place: str
    failed_cas: Literal["observation", "did-not-happen"]
    ready_timeout_s: float
    judge_time_s: float
    judge_memory_mb: int
    faults: FaultPlan
    version: int = PLAN_VERSION
    stop_on_violation: bool = False
    place_options: dict[str, str] = {}
    skip_unavailable: bool | UnsetType = False
    script: tuple[ScriptedOp, ...] | UnsetType = UNSET
    chance: int | UnsetType = UNSET

    def digest(self) -> str:
        """Twelve hexadecimal digits that name what is done; `place` and limits do not count."""
        same = msgspec.structs.replace(
            self,
            place="",
            place_options={},
            ready_timeout_s=0.0,
            judge_time_s=0.0,
            judge_memory_mb=0,
            stop_on_violation=False,
            skip_unavailable=UNSET,  # left out altogether: the digest is that of plans without this field
        )
        return hashlib.sha256(msgspec.json.encode(same, order="deterministic")).hexdigest()[:12]


def encode_plan(plan: RunPlan) -> bytes:
    """The plan as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n"


def decode_plan(data: bytes, source: str) -> RunPlan:
    """Raises ConfigError naming `source` when `data` is no plan of this version."""
    try:
        plan = msgspec.json.decode(data, type=RunPlan)
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{source}: not a run plan: {error}",
            fix="give the folder of a run, as listed by `splitbrain list runs`",
        ) from None
    if plan.version != PLAN_VERSION:
        raise ConfigError(
            f"{source}: plan version {plan.version}, this program reads version {PLAN_VERSION}",
            fix="replay it with the release that made it",
        )
    return plan
