"""Which run has the host, and taking away all that it left.

Invariant: a claim is there whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import Any

from .node import status
from .processes import KILL_S, WORDS_S, born, mark_of, pids, signal_all, until
from .refusal import Refused


def claim(base: str, run: str, maker: str) -> str | None:
    """Take the host for a run; None when it is ours now, otherwise whose it is and how long ago that one
    was last heard of, as JSON. Raises OSError for a folder that cannot be made."""
    os.makedirs(f"{base}/runs", exist_ok=True)
    whole = f"{base}/claim.{os.getpid()}"
    with open(whole, "w") as file:
        json.dump({"run": run, "maker": maker}, file)
    try:
        os.link(whole, f"{base}/claim")  # whole, or not at all
    except FileExistsError:
        found = leftovers(base)
        return None if found and (found["run"], found["maker"]) == (run, maker) else json.dumps(found)
    finally:
        os.unlink(whole)
    os.makedirs(f"{base}/runs/{run}", exist_ok=True)
    return None


def leftovers(base: str) -> dict[str, Any] | None:
    """The run that has the host; silent_s: since when its controller was not heard of."""
    try:
        with open(f"{base}/claim") as file:
            found: dict[str, Any] = json.load(file)
        return {**found, "silent_s": time.time() - os.stat(f"{base}/claim").st_mtime}
    except FileNotFoundError:
        return None
    except ValueError:
        return {"run": "", "maker": "", "silent_s": 0.0}


def release(base: str, run: str, keep: bool = False, everything: bool = False) -> list[str]:
    """End what is left of a run, remove its folder and its claim; what was removed, in words."""
    removed = []
    left = [pid for pid in pids() if mark_of(pid).startswith(f"{run}/")]
    if left:
        removed.append(f"{len(left)} processes")
    if not until(lambda: signal_all([p for p in pids() if mark_of(p).startswith(f"{run}/")]), KILL_S):
        raise Refused(f"processes of {run} did not die by SIGKILL")
    folder = f"{base}/runs/{run}"
    # A keeper still writes down how its node ended, and then is gone as well.
    until(lambda: not any(born(found["keeper"]) == found["born"] for found in _statuses(folder)), WORDS_S)
    if run and not keep and os.path.isdir(folder):
        remove(folder)
        removed.append(f"folder {folder}")
    found = leftovers(base)
    if found is not None and found["run"] == run:
        os.unlink(f"{base}/claim")
    if everything:
        removed += [f"programs in {base}"] if os.path.isdir(f"{base}/programs") else []
        remove(f"{base}/programs")
    for empty in (f"{base}/runs", base):
        if os.path.isdir(empty) and not os.listdir(empty):
            os.rmdir(empty)
    return removed


def _statuses(folder: str) -> list[dict[str, Any]]:
    homes = [f"{folder}/{name}" for name in os.listdir(folder)] if os.path.isdir(folder) else []
    return [status(home) for home in homes if os.path.exists(f"{home}/status.json")]


def remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
