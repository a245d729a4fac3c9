"""One run, one folder; the only module of `reports` that touches disk.

A run folder holds `plan.json` (the harness, before the start), `history.jsonl` (the journal, during the
run), then what is written here: `claims.json`, `roles.json`, `report.html`, `report.txt` and, last,
`card.json`; node logs stand in `nodes/NAME/`.

Laws: every file appears whole or not at all (temporary file, fsync, rename); `card.json` comes last, so a
folder that has one is complete; a journal that exists is never rewritten; `read(write(record))` gives the
same record; what is read is parsed, never run.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from reports.record import ClaimResult, RolePoint, RunCard, RunRecord

if TYPE_CHECKING:  # numpy takes longer to import than a list of runs may take
    from checkers.history import History

CARD, CLAIMS, ROLES, HISTORY, PLAN = "card.json", "claims.json", "roles.json", "history.jsonl", "plan.json"
HTML, TEXT = "report.html", "report.txt"

_T = TypeVar("_T")


class ArchiveError(Exception):
    """A run folder that cannot be read or written: `path`, the `problem`, and the `fix`."""

    def __init__(self, path: Path, problem: str, fix: str) -> None:
        super().__init__(f"{path}: {problem}\n  fix: {fix}")
        self.path = path
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run folder at a glance: its card, or in words why there is none that can be used."""

    folder: Path
    card: RunCard | None
    problem: str | None


def write(folder: Path, record: RunRecord, html: str, text: str) -> None:
    """Write `record` and its two reports into `folder` (made if missing). Raises ArchiveError when the disk
    refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / HISTORY).exists() and (len(record.history) or record.history.disturbances):
            write_atomically(folder / HISTORY, _journal(record.history))
        write_atomically(folder / CLAIMS, _json(record.claims))
        write_atomically(folder / ROLES, _json(record.roles))
        write_atomically(folder / HTML, html.encode())
        write_atomically(folder / TEXT, text.encode())
        write_atomically(folder / CARD, _json(record.card))
    except OSError as error:
        where = Path(error.filename) if error.filename else folder
        fix = "check that there is space and that you may write there, or choose another folder"
        raise ArchiveError(where, f"cannot be written: {error.strerror}", fix) from error


def write_card(folder: Path, card: RunCard) -> None:
    """The card alone, of a run of which nothing else is kept. Raises OSError."""
    write_atomically(folder / CARD, _json(card))


def read(folder: Path) -> RunRecord:
    """The record in `folder`. What the journal's reader noticed (a torn last line, ...) is added to the
    card's notes.

    Raises ArchiveError for a file that is missing or garbled. Only a run that failed or was interrupted may
    lack a journal.
    """
    from checkers import codec
    from checkers.history import History

    card = read_card(folder)
    claims = _parse(folder / CLAIMS, tuple[ClaimResult, ...])
    roles = _parse(folder / ROLES, tuple[RolePoint, ...])
    journal = folder / HISTORY
    if not journal.exists() and card.outcome in ("failed", "interrupted"):
        return RunRecord(card, History.of([]), claims, roles)
    try:
        decoded = codec.decode(_bytes(journal), str(journal))
    except codec.HistoryError as error:
        raise ArchiveError(journal, f"line {error.line}: {error.problem}", error.fix) from error
    notes = tuple(dict.fromkeys((*card.notes, *decoded.notes)))
    return RunRecord(msgspec.structs.replace(card, notes=notes), decoded.history, claims, roles)


def read_card(folder: Path) -> RunCard:
    """The card in `folder`. Raises ArchiveError."""
    return _parse(folder / CARD, RunCard)


def list_runs(root: Path) -> list[RunSummary]:
    """Every run folder directly below `root`, the latest start first, those without a usable card last, by
    name.

    A folder counts as a run if it has a card, a plan or a journal. Raises ArchiveError if `root` is no
    readable folder.
    """
    try:
        folders = sorted(p for p in root.iterdir() if p.is_dir())
    except OSError as error:
        fix = "name the folder that holds the run folders"
        raise ArchiveError(root, f"cannot be listed: {error.strerror}", fix) from error
    runs = [summary(f) for f in folders if any((f / name).exists() for name in (CARD, PLAN, HISTORY))]
    whole = [r for r in runs if r.card]
    whole.sort(key=lambda r: r.card.started_at if r.card else "", reverse=True)
    return whole + [r for r in runs if not r.card]


def summary(folder: Path) -> RunSummary:
    """A run folder at a glance."""
    if not (folder / CARD).exists():
        return RunSummary(
            folder, None, f"no {CARD}: the run is still going on, or was killed before it ended"
        )
    try:
        return RunSummary(folder, read_card(folder), None)
    except ArchiveError as error:
        return RunSummary(folder, None, f"{error.path.name} {error.problem}")


def _journal(history: History) -> bytes:
    from checkers import codec

    lines = [codec.encode(line) for line in codec.lines_of(history)]
    body = b"".join(lines)
    return body + codec.encode(codec.footer_for(body, len(lines) - 1))


def _json(thing: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(thing), indent=1) + b"\n"


def write_atomically(path: Path, content: bytes) -> None:
    """The file whole or not at all, and on disk. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _parse(path: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fix = "the file was changed or belongs to another version; read it with the release that wrote it"
        raise ArchiveError(path, f"is garbled: {error}", fix) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        fix = "name the folder of a run that ended; one that was killed has a plan and a journal only"
        raise ArchiveError(path, "is missing", fix) from error
    except OSError as error:
        fix = "check that it is a file and that you may read it"
        raise ArchiveError(path, f"cannot be read: {error.strerror}", fix) from error
