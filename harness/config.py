"""What a user may choose for one run, checked before anything starts.

Invariants: frozen; unknown keys are errors; every field's error names the flag that sets it. Durations are
seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import ConfigError
from harness.suggestion import suggestion

__all__ = ["RunConfig", "configure", "parse_duration", "parse_options", "suggestion"]

_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_FLAGS = {
    "time_s": "--time",
    "options": "-o",
    "op_timeout_s": "--op-timeout",
    "nemeses": "-n",
    "clients": "-c",
}

Option = Annotated[str, Field(max_length=1000)]


class RunConfig(BaseModel):
    """One run as asked for. `rate` is operations per second over all clients, 0 for as fast as they
    answer. None: what the system, or the place, has by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(min_length=1)
    workload: str | None = None
    nemeses: str | None = None
    nodes: int = Field(5, ge=1, le=25)
    clients: int = Field(10, ge=1, le=1000)
    time_s: float = Field(30.0, gt=0, le=7 * 24 * 3600)
    rate: float | None = Field(None, ge=0, le=1_000_000)
    keys: int = Field(5, ge=1, le=10_000)
    ops_per_key: int | None = Field(None, ge=1, le=1_000_000)
    op_timeout_s: float = Field(1.0, gt=0, le=3600)
    seed: int = Field(0, ge=0, lt=2**63)
    options: dict[str, Option] = Field(default_factory=dict)
    expect: Literal["valid", "anomaly"] = "valid"
    place: Literal["local", "docker", "ssh", "sim"] = "local"
    hosts: str | None = None
    keep: bool = False
    failed_cas: Literal["observation", "did-not-happen"] = "observation"
    ready_timeout_s: float = Field(20.0, gt=0, le=3600)
    judge_time_s: float = Field(300.0, gt=0)
    judge_memory_mb: int = Field(4096, ge=256)
    stop_on_violation: bool = False
    skip_unavailable: bool = False


def configure(values: Mapping[str, Any]) -> RunConfig:
    """A checked configuration; raises ConfigError that lists every fault at once."""
    try:
        return RunConfig.model_validate(dict(values))
    except ValidationError as error:
        faults = [
            f"{_flag(fault['loc'])}: {fault['msg']} (got {fault['input']!r})" for fault in error.errors()
        ]
        raise ConfigError("; ".join(faults), fix="see `splitbrain run --help` for the ranges") from None


def _flag(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "configuration"
    return _FLAGS.get(name, "--" + name.replace("_", "-"))


def parse_duration(text: str, flag: str) -> float:
    """ "30s", "500ms", "2m", "1.5h" or plain seconds, in seconds."""
    match = _DURATION.match(text)
    if match is None:
        raise ConfigError(
            f"{flag}: {text!r} is not a duration", fix="write for example 30s, 500ms, 2m or 1.5h"
        )
    return float(match.group(1)) * _UNIT_S[match.group(2)]


def as_seconds(value: Any) -> Any:
    """For pydantic, before a number is checked: a text is a duration. Raises ValueError."""
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value, "a time")
    except ConfigError as error:
        raise ValueError(f"{error.problem}: {error.fix}") from None


def parse_options(pairs: Iterable[str]) -> dict[str, str]:
    """`key=value` pairs as a mapping; a key given twice is an error."""
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"-o {pair!r} is not key=value", fix="write for example -o mode=sync")
        if key in options:
            raise ConfigError(f"-o {key} is given twice", fix="give each option once")
        options[key] = value
    return options
