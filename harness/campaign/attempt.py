"""One task in a process of its own, from an empty folder to a result in it.

Invariants: whatever the process does, the folder ends with a result of this task, or, if the campaign was
stopped meanwhile, is gone; the result says in one sentence what happened. Only a disk that refuses is raised.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

import msgspec

from harness.campaign.isolation import Ended, Watched, isolated
from harness.campaign.jobs import Cause, Result, Task
from harness.campaign.results import failed
from harness.campaign.run_folder import (
    LOG,
    TASK,
    Unbelievable,
    afresh,
    believed,
    remove,
    replace_result,
    trim,
)
from harness.deploy.places import SIM
from harness.environment import now_text

WORKER = "harness.campaign.worker:carry_out"  # not imported here: who watches needs none of it
GRACE_S = 20.0  # for what is elsewhere to be healed and taken down
LOG_BYTES = 64 << 10  # of a log that are kept


class Stopped(Exception):
    """The campaign was stopped while the task was being done; nothing of it is left."""


def attempt(task: Task, folder: Path, stop: threading.Event, *, lock: str = "", token: str = "") -> Result:
    """Do the task. Blocks. Raises Stopped, and OSError when the disk refuses."""
    afresh(folder)
    started_at, began = now_text(), time.monotonic()
    grace_s = 0.0 if task.cell.place == SIM else GRACE_S
    ended = isolated(
        WORKER,
        (msgspec.json.encode(task), str(folder), lock, token),
        task.cell.limits,
        Watched(folder / LOG, folder, stop, grace_s),
    )
    if ended.how == "stopped":
        remove(folder)
        raise Stopped
    if ended.how == "done":
        try:
            result = believed(folder, task)
        except Unbelievable as error:
            said = f"the run's folder was corrupted: {error}"
            result = failed(task, "corrupt", said, time.monotonic() - began, started_at)
            replace_result(folder, result)
        _shorten(folder / LOG)
        return result
    if ended.how == "disk":
        with contextlib.suppress(OSError):
            trim(folder, frozenset({TASK, LOG}))
    result = failed(task, _cause(ended), ended.said, ended.seconds, started_at)
    _shorten(folder / LOG)
    replace_result(folder, result)
    return result


def _cause(ended: Ended) -> Cause:
    assert ended.how not in ("done", "stopped")
    return ended.how  # type: ignore[return-value]


def _shorten(log: Path) -> None:
    """Keep the end of a log; remove an empty one."""
    with contextlib.suppress(OSError):
        size = log.lstat().st_size
        if size == 0:
            log.unlink()
        elif size > LOG_BYTES:
            with log.open("rb") as file:
                file.seek(-LOG_BYTES, os.SEEK_END)
                end = file.read()
            log.write_bytes(b"[...]\n" + end)
