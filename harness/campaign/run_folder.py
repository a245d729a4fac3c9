"""A run's folder inside a night's: what stands in it, who may believe it, and what is kept of it.

    RUNS/NIGHT/runs/0001-raft-s7/   task.json   what is to be done, before it is done
                                    (what any run's folder holds: plan, history, claims, card, reports)
                                    result.json what came of it, last

Invariants: files appear whole or not at all; what a run left in its own folder is believed only if it is a
result of that very task; otherwise it is replaced by one that says so.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

import msgspec

from harness.campaign.jobs import RESULT_VERSION, Result, Task
from harness.campaign.triaged import Triaged
from reports.archive import write_atomically

TASK, RESULT, LOG, TRIAGE = "task.json", "result.json", "worker.log", "triage.json"
CARD = "card.json"
KEPT_OF_PASSING = frozenset({CARD, RESULT})
KEPT_OF_FAILING = KEPT_OF_PASSING | {
    TASK,
    "plan.json",
    "claims.json",
    "report.html",
    "report.txt",
    "triage.json",
}


class Unbelievable(Exception):
    """A folder whose result is missing, garbled, or another task's; the message says which."""


def folder_of(night: Path, task: Task) -> Path:
    """Where the task's run stands."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{task.cell.system}-{task.cell.bug or task.cell.workload}")
    return night / "runs" / f"{task.job.number:05d}-{name[:60]}-s{task.job.seed}"


def write_result(folder: Path, result: Result) -> None:
    """Raises OSError."""
    write_atomically(folder / RESULT, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def read_result(folder: Path) -> Result:
    """The result in a run's folder. Raises Unbelievable."""
    path = folder / RESULT
    try:
        if folder.is_symlink() or path.is_symlink():
            raise Unbelievable(f"{path.name} is a link")
        result = msgspec.json.decode(path.read_bytes(), type=Result)
    except FileNotFoundError:
        raise Unbelievable(f"there is no {path.name}") from None
    except OSError as error:
        raise Unbelievable(f"{path.name} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unbelievable(f"{path.name} is garbled: {error}") from None
    if result.version != RESULT_VERSION:
        raise Unbelievable(f"{path.name} is of version {result.version}, not {RESULT_VERSION}")
    return result


def believed(folder: Path, task: Task) -> Result:
    """The result in the folder, if it is one of `task`. Raises Unbelievable."""
    result = read_result(folder)
    asked = (task.night, task.job.id, task.job.number, task.cell.id)
    if (result.night, result.job, result.number, result.cell) != asked:
        raise Unbelievable(f"{RESULT} is of another run, {result.job}")
    return result


def afresh(folder: Path) -> None:
    """An empty folder, whatever stood there. Raises OSError."""
    remove(folder)
    folder.mkdir(parents=True)


def remove(path: Path) -> None:
    """A file, link or whole folder; nothing if it is not there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def replace_result(folder: Path, result: Result) -> None:
    """Write the result although the run may have left anything at all in its place. Raises OSError."""
    if folder.is_symlink() or not folder.is_dir():
        remove(folder)
        folder.mkdir(parents=True)
    path = folder / RESULT
    if path.is_dir() or path.is_symlink():
        remove(path)
    write_result(folder, result)


def trim(folder: Path, kept: frozenset[str] = KEPT_OF_PASSING) -> int:
    """Remove everything but `kept`; bytes that were freed. What vanishes meanwhile is no error."""
    freed = 0
    for path in list(folder.iterdir()):
        if path.name in kept and path.is_file() and not path.is_symlink():
            continue
        with contextlib.suppress(FileNotFoundError):
            freed += _size(path)
            remove(path)
    return freed


def _size(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(_size(inner) for inner in path.iterdir())


def read_triaged(folder: Path) -> tuple[Triaged, ...]:
    """What triage said of the run's failures; () for nothing, and for what cannot be read."""
    try:
        return msgspec.json.decode((folder / TRIAGE).read_bytes(), type=tuple[Triaged, ...])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return ()


def add_triaged(folder: Path, triaged: Triaged) -> None:
    """What triage says of one of them now. Raises OSError."""
    others = (one for one in read_triaged(folder) if one.fingerprint != triaged.fingerprint)
    everything = sorted((*others, triaged), key=lambda one: one.fingerprint)
    write_atomically(folder / TRIAGE, msgspec.json.format(msgspec.json.encode(everything), indent=1) + b"\n")
