"""A process of its own for whatever may hang, crash, or eat the machine: limits, and a clear word on how it
ended.

    this process --> the server of forks (multiprocessing's) --> the process, in a session of its own

Laws: a process ends within its limit of time, however it hangs, and its children with it; memory is what the
process and all its children hold; the kernel's out-of-memory killer finds it before anything else of ours;
when this process dies, however it dies, so does the process. Nothing is raised for what happens inside.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import resource
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

import psutil

from harness.campaign.jobs import Limits

Target = Callable[..., bytes] | str  # a function, or its name "module:function", looked up inside
PRELOADED = ("harness.campaign.worker", "harness.campaign.examine")
MARK = "SPLITBRAIN_RUN_MARK"  # in the environment of all that a run starts
LOOK_S = 0.2
LOOK_AT_FILES_S = 1.0
_PR_SET_PDEATHSIG = 1
_OOM_FIRST = "1000"
_CRASHED = 70
_FORKING = threading.Lock()  # the server of forks is started once


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. how: "done" if it gave an answer; said: what is known of why it did not."""

    how: Literal["done", "hung", "memory", "disk", "killed", "crashed", "stopped"]
    answer: bytes
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at while a process runs: its output goes to `log`, its files stand in `folder`; told to
    end by SIGTERM, it has `grace_s` to do so.
    """

    log: Path
    folder: Path | None = None
    stop: threading.Event | None = None
    grace_s: float = 0.0


def prepare() -> None:
    """Start the server of forks, before this process has threads that hold locks."""
    with _FORKING:
        get_context("forkserver").set_forkserver_preload(list(PRELOADED))
        forkserver.ensure_running()


def isolated(target: Target, arguments: Sequence[Any], limits: Limits, watched: Watched) -> Ended:
    """Call `target` in a process of its own, and wait for its end. Blocks; call it from a thread."""
    prepare()
    context = get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    began, mark = time.monotonic(), secrets.token_hex(8)
    process = context.Process(
        target=_inside,
        args=(theirs, str(watched.log), mark, limits.disk_mb, target, tuple(arguments)),
        daemon=False,
    )
    try:
        with _FORKING:
            process.start()
        theirs.close()
        how, answer = _watch(process, ours, limits, watched, began)
        if how != "done" and watched.grace_s:
            process.terminate()
            process.join(watched.grace_s)
    finally:
        _kill(process.pid)
        process.join()
        _kill_marked(mark)
        ours.close()
    return Ended(how, answer, _said(how, process.exitcode, limits, watched), time.monotonic() - began)


def _watch(
    process: Any, answers: Connection, limits: Limits, watched: Watched, began: float
) -> tuple[Any, bytes]:
    """Until it answers, ends, or is over a limit."""
    next_files = began + LOOK_AT_FILES_S
    while True:
        wait([process.sentinel, answers], timeout=LOOK_S)
        code = process.exitcode  # before the pipe is looked at: what it sent, it sent before its end
        if answers.poll():
            try:
                return "done", answers.recv_bytes()
            except (EOFError, OSError):
                process.join(5)
                code = process.exitcode
        if code is not None:
            return ("killed" if code == -signal.SIGKILL else "crashed"), b""
        now = time.monotonic()
        if watched.stop is not None and watched.stop.is_set():
            return "stopped", b""
        if now - began > limits.time_s:
            return "hung", b""
        if held_mb(process.pid) > limits.memory_mb:
            return "memory", b""
        if watched.folder is not None and now >= next_files:
            next_files = now + LOOK_AT_FILES_S
            if size_mb(watched.folder) > limits.disk_mb:
                return "disk", b""


def _family(pid: int) -> list[psutil.Process]:
    """A process and all its descendants; none if it is gone."""
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        return [*root.children(recursive=True), root]
    return []


def held_mb(pid: int) -> float:
    """What a process and its children hold in memory, MB; 0 if it is gone."""
    held = 0
    for one in _family(pid):
        with contextlib.suppress(psutil.Error):
            held += one.memory_info().rss
    return held / 2**20


def size_mb(folder: Path) -> float:
    """What the files in a folder take, MB; what vanishes meanwhile counts as nothing."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(parent, name)).st_blocks * 512
    return size / 2**20


def _kill(pid: int | None) -> None:
    """The process with all of its session and all children, which may have sessions of their own."""
    if pid is None:
        return
    family = _family(pid)
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    for one in family:
        with contextlib.suppress(psutil.Error):
            one.kill()


def _kill_marked(mark: str) -> None:
    """What a process that is gone has started in sessions of their own: nobody's children any more, but they
    inherited its environment.
    """
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if one.environ().get(MARK) == mark:
                one.kill()


def _said(how: str, code: int | None, limits: Limits, watched: Watched) -> str:
    match how:
        case "done":
            return ""
        case "hung":
            return f"it did not end within {limits.time_s:g} s and was killed"
        case "memory":
            return f"it held more than {limits.memory_mb} MB of memory and was killed"
        case "disk":
            return f"it wrote more than {limits.disk_mb} MB of files and was killed"
        case "stopped":
            return "it was stopped with the campaign"
        case "killed":
            return "somebody killed it, or the kernel, short of memory, did"
    last = _last_line(watched.log)
    name = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"status {code}"
    return f"it ended with {name}" + (f": {last}" if last else "")


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""


def die_with_parent() -> None:
    """SIGKILL for this process when its parent dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _die_with_the_campaign() -> None:
    """When the process that asked for this one dies, the server of forks has to end, and this one with it.

    The server lives as long as anybody holds the writing end of a pipe, and each child gets a copy of it
    (CPython's `ForkServer.connect_to_new_process`), so it is closed here. A thread that waits for the death
    itself stands by, should that not be how the server works one day.
    """
    server = getattr(forkserver, "_forkserver", None)
    alive = getattr(server, "_forkserver_alive_fd", None)
    if isinstance(alive, int):
        with contextlib.suppress(OSError):
            os.close(alive)
    asked_by = parent_process()
    if asked_by is not None:

        def wait_for_it() -> None:
            asked_by.join()
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=wait_for_it, daemon=True).start()


def _function(target: Target) -> Callable[..., bytes]:
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    found: Callable[..., bytes] = getattr(importlib.import_module(module), name)
    return found


def _inside(
    answers: Connection, log: str, mark: str, disk_mb: int, target: Target, arguments: tuple[Any, ...]
) -> None:
    """What the process does."""
    die_with_parent()
    _die_with_the_campaign()
    os.setsid()
    os.environ[MARK] = mark
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_FIRST)
    limit = disk_mb << 20
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    code = _CRASHED
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        answers.send_bytes(_function(target)(*arguments))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # threads of strangers shall not keep it
