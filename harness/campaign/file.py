"""The campaign's file: its tables and keys, as pydantic models, and how it is read.

Invariants: strict: an unknown key is an error with a suggestion; all errors of a file are told at once, each
with its line; nothing of a system is loaded here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.campaign.lines import line_of
from harness.config import as_seconds
from harness.errors import ConfigError, SplitbrainError
from harness.seeds import MOST_SEEDS, seed_range
from harness.suggestion import suggestion

_MEMORY = re.compile(r"\s*(\d{1,9}(?:\.\d+)?)\s*(MB|GB)\s*", re.IGNORECASE)
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$"


def _memory(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _MEMORY.fullmatch(value)
    if match is None:
        raise ValueError(f'{value!r} is no amount of memory: write for example "512MB" or "4GB"')
    return round(float(match[1]) * (1024 if match[2].upper() == "GB" else 1))


def _option(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError('write it as text, as with -o KEY=VALUE: "yes", "on" or what the system takes')
    return str(value) if isinstance(value, int | float) else value


def _many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _seeds(value: Any) -> Any:
    if isinstance(value, str):
        seed_range(value)
    elif isinstance(value, bool) or not isinstance(value, int):
        raise ValueError('write a number of new seeds, or a range: "1..20"')
    elif not 0 < value <= MOST_SEEDS:
        raise ValueError(f"from 1 to {MOST_SEEDS:,} seeds a night")
    return value


# What the schema says of a value is what may stand in the file, not what becomes of it.
Seconds = Annotated[
    float,
    BeforeValidator(as_seconds, json_schema_input_type=float | str),
    Field(gt=0, le=30 * 24 * 3600),
]
Megabytes = Annotated[int, BeforeValidator(_memory, json_schema_input_type=int | str), Field(ge=64)]
OptionValue = Annotated[
    str, BeforeValidator(_option, json_schema_input_type=str | int | float), Field(max_length=1000)
]
Names = Annotated[
    list[str], BeforeValidator(_many, json_schema_input_type=str | list[str]), Field(min_length=1)
]
SeedsOf = Annotated[
    int | str,
    BeforeValidator(_seeds),
    Field(description='A number: so many new seeds every night. "1..20": these, every night.'),
]


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RunKeys(Table):
    """What may be said of a run, in [defaults], a system, a matrix or an include (the later wins)."""

    on: Literal["local", "docker", "ssh", "sim"] | None = Field(None, description="Where nodes live.")
    time: Seconds | None = Field(None, description='How long clients work: "30s".')
    nodes: int | None = Field(None, ge=1, le=25)
    clients: int | None = Field(None, ge=1, le=1000)
    rate: float | None = Field(None, ge=0, description="Operations per second; 0: as fast as they answer.")
    keys: int | None = Field(None, ge=1, le=10_000)
    ops_per_key: int | None = Field(None, ge=1)
    op_timeout: Seconds | None = None
    ready_timeout: Seconds | None = None
    judge_time: Seconds | None = None
    judge_memory: Megabytes | None = Field(None, description='Of one claim\'s judge: "4GB".')
    failed_cas: Literal["observation", "did-not-happen"] | None = None
    hosts: str | None = Field(None, description='The machines of on = "ssh".')
    skip_unavailable: bool | None = None
    options: dict[str, OptionValue] = Field({}, description="Of the system, or of the place.")
    seeds: SeedsOf | None = None
    limit_time: Seconds | None = Field(None, description="After which the process of a run is killed.")
    limit_memory: Megabytes | None = Field(None, description="Of a run's process and all its children.")
    limit_disk: Megabytes | None = Field(None, description="Of the files in a run's folder.")


class SystemTable(RunKeys):
    """A system under test, with its options."""

    name: str = Field(pattern=_NAME, description="What the campaign calls it.")
    system: str | None = Field(None, description="As `splitbrain run SYSTEM` takes it; its name by default.")


class MatrixTable(RunKeys):
    """Every system with every workload and every set of nemeses."""

    systems: Names = ["*"]
    workloads: Names = ["default"]
    nemeses: Names = ["default"]
    label: str = Field("", pattern=r"^[A-Za-z0-9_.-]*$", description="Tells equal cells apart.")


class IncludeTable(RunKeys):
    """One cell more."""

    system: str
    workload: str = "default"
    nemeses: str = "default"
    label: str = Field("", pattern=r"^[A-Za-z0-9_.-]*$")


class ExcludeTable(Table):
    """Cells that are left out, by patterns as file names have them."""

    cells: Names = Field(description='Patterns of cells: "raft/*/*clock*@local".')
    reason: str = Field(min_length=1)


class ExpectTable(Table):
    """Cells in which some run of the night has to show an anomaly."""

    cells: Names
    outcome: Literal["anomaly"] = "anomaly"
    reason: str = Field(min_length=1)


class ZooTable(Table):
    """The planted bugs: each is a cell of its own, in which an anomaly is expected."""

    bugs: Names = Field(["*"], description='Patterns: "raft/*".')
    skip: list[str] = []
    tries: int = Field(100, ge=1, le=100_000, description="Seeds to try for each, from 1 on.")


class ThresholdsTable(Table):
    """What every run has to reach (but for unknown: every cell)."""

    ops_ok: int | None = Field(None, ge=0, description="Operations that succeed, at least.")
    overlap: float | None = Field(None, ge=0, le=1, description="Share that meets a fault, at least.")
    recovery: Seconds | None = Field(None, description="From the last heal to a success, at most.")
    unknown: float | None = Field(None, ge=0, le=1, description="Share of a cell's runs undecided, at most.")


class NotifyTable(Table):
    """What is told of fingerprints that were never seen before."""

    command: list[str] = Field([], description="An argument vector; JSON on its standard input.")
    webhook: str = Field("", pattern=r"^(https?://.*)?$", description="Gets the same JSON by POST.")


class RetentionTable(Table):
    """What `splitbrain gc` keeps."""

    failing_nights: int = Field(30, ge=1, description="Nights for which failing runs keep their history.")


class CampaignFile(Table):
    """A campaign: what to test, every night."""

    name: str = Field(pattern=_NAME)
    seeds: SeedsOf = 3
    workers: int | None = Field(None, ge=1, le=1024, description="Runs at a time; the number of cores.")
    max_time: Seconds | None = Field(None, description='Of a night: "8h".')
    defaults: RunKeys = RunKeys()
    systems: list[SystemTable] = []
    matrix: list[MatrixTable] = []
    include: list[IncludeTable] = []
    exclude: list[ExcludeTable] = []
    expect: list[ExpectTable] = []
    zoo: ZooTable | None = None
    thresholds: ThresholdsTable = ThresholdsTable()
    notify: NotifyTable = NotifyTable()
    retention: RetentionTable = RetentionTable()


def read_campaign(path: Path) -> tuple[CampaignFile, str]:
    """The campaign in the file, and the file's text. Raises ConfigError that tells all that is wrong."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}", fix="give a campaign's file; `splitbrain init` writes one"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8, at byte {error.start}", fix="save it as UTF-8") from None
    return parse_campaign(text, str(path)), text


def parse_campaign(text: str, source: str) -> CampaignFile:
    """As `read_campaign`, of a file's text."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers that are too long are no TOMLDecodeError
        raise ConfigError(f"{source}: not TOML: {error}", fix="mend that line") from None
    try:
        campaign = CampaignFile.model_validate(document)
    except ValidationError as error:
        problems = [_told(fault, text) for fault in error.errors()]
    else:
        problems = [f"{line_of(text, where)}: {what}" for where, what in _inconsistent(campaign)]
        if not problems:
            return campaign
    raise faulty(source, problems)


def faulty(source: str, problems: Sequence[str]) -> SplitbrainError:
    """The error that tells of all problems, each of which begins with its line."""
    told = "".join(f"\n  {source}:{problem}" for problem in problems)
    count = "one thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return ConfigError(
        f"{source}: {count} wrong:{told}", fix="mend them; `splitbrain init` writes a file with every key"
    )


def _told(fault: Any, text: str) -> str:
    where = fault["loc"]
    place = _words(where)
    line = line_of(text, where)
    if fault["type"] == "extra_forbidden":
        known = _keys_of(where[:-1])
        table = _words(where[:-1]) or "the file"
        return f"{line}: unknown key {where[-1]!r} in {table}: {suggestion(str(where[-1]), known)}"
    if fault["type"] == "missing":
        return f"{line}: {place} is missing"
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{line}: {place}: {message} (got {fault['input']!r})"


def _words(where: Sequence[int | str]) -> str:
    """("matrix", 1, "on") as "matrix[2].on"."""
    words = ""
    for part in where:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if words else part
    return words


def _keys_of(where: Sequence[int | str]) -> list[str]:
    """The keys of the table at `where`."""
    kind: Any = CampaignFile
    for part in where:
        if isinstance(part, str):
            kind = kind.model_fields[part].annotation
            kind = next((a for a in getattr(kind, "__args__", ()) if _is_table(a)), kind)
    return list(kind.model_fields) if _is_table(kind) else []


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Table)


def _inconsistent(campaign: CampaignFile) -> list[tuple[tuple[int | str, ...], str]]:
    """What the tables say of each other that cannot be."""
    wrong: list[tuple[tuple[int | str, ...], str]] = []
    names = [system.name for system in campaign.systems]
    for n, name in enumerate(names):
        if name in names[:n]:
            wrong.append((("systems", n, "name"), f"systems[{n + 1}].name: {name!r} is there twice"))
    for n, matrix in enumerate(campaign.matrix):
        for name in matrix.systems:
            if name not in names and name != "*":
                said = (
                    f"matrix[{n + 1}].systems: no [[systems]] is called {name!r}: {suggestion(name, names)}"
                )
                wrong.append((("matrix", n, "systems"), said))
    for n, include in enumerate(campaign.include):
        if include.system not in names:
            said = f"include[{n + 1}].system: no [[systems]] is called {include.system!r}: "
            wrong.append((("include", n, "system"), said + suggestion(include.system, names)))
    if not campaign.matrix and not campaign.include and campaign.zoo is None:
        wrong.append(((), "there is nothing to run: no [[matrix]], no [[include]], no [zoo]"))
    if (campaign.matrix or campaign.include) and not names:
        wrong.append(((), "there are no [[systems]] to run"))
    return wrong


def schema() -> dict[str, Any]:
    """The file's JSON schema, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A campaign of Splitbrain",
        **CampaignFile.model_json_schema(),
    }
