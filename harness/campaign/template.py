"""`splitbrain init`: a campaign's file with every key of `harness.campaign.file`, explained; and the texts in
`harness/assets` with their blanks filled.

Invariants: the file is accepted as it is, and also with the mark of every `#key = value` taken away; a file
that is there is written over only if that is asked for.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from harness.campaign.file import schema
from harness.errors import EXIT_VALID, ConfigError
from reports.archive import write_atomically

SCHEMA = "campaign.schema.json"
_BLANK = re.compile(r"@([A-Z_]+)@")


def filled(asset: str, values: Mapping[str, str]) -> str:
    """The text of `harness/assets/ASSET` with every @BLANK@ replaced."""
    text = files("harness").joinpath("assets", asset).read_text("utf-8")
    return _BLANK.sub(lambda blank: values[blank[1]], text)


def initial_file(name: str) -> str:
    """A campaign's file: two systems under simulation, and every other key as a comment."""
    return filled("campaign.toml", {"NAME": name})


def init_command(target: str, force: bool) -> int:
    """Write `target`, and the schema that editors check it by beside it."""
    path = Path(target)
    beside = path.with_name(SCHEMA)
    _check(path, beside, force)
    written(path.parent, beside.name, json.dumps(schema(), indent=1) + "\n")
    written(path.parent, path.name, initial_file(_name_of(path)))
    print(f"wrote {path}, and {beside} for editors")
    print(f"next: change it to your needs, and see what it comes to:\n  {_next(path)}")
    return EXIT_VALID


def written(folder: Path, name: str, text: str) -> Path:
    """Write a file, whole or not at all, and the folders above it. Raises ConfigError."""
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
    except OSError as error:
        fix = "give a path that can be written to"
        raise ConfigError(f"{path}: {error.strerror or error}", fix=fix) from None
    return path


def _check(path: Path, beside: Path, force: bool) -> None:
    if path.is_dir():
        fix = f"give a file's name: splitbrain init {shlex.quote(str(path / 'campaign.toml'))}"
        raise ConfigError(f"{path} is a folder", fix=fix)
    if path.name in ("", SCHEMA):
        raise ConfigError(f"{path} cannot be a campaign's file", fix="give another name: campaign.toml")
    if force:
        return
    taken = path if path.exists() else beside if _is_strange(beside) else None
    if taken is not None:
        fix = "give --force to write over it, or another name"
        raise ConfigError(f"{taken} is there already", fix=fix)


def _is_strange(beside: Path) -> bool:
    """Whether there is a file in the schema's place that was not written by us."""
    try:
        there = json.loads(beside.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return not isinstance(there, dict) or there.get("title") != schema()["title"]


def _name_of(path: Path) -> str:
    """The file's own name, as far as a campaign may be called that."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", path.stem).lstrip("_.+-") or "campaign"


def _next(path: Path) -> str:
    return f"splitbrain campaign {shlex.quote(str(path))} --dry-run"
