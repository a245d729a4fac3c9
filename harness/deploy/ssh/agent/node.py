"""A node under its keeper: start, stop, continue, kill, and how it is.

Invariants: everything of the node is hit; a number of a process is believed only with the time it began.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
from typing import Any

from .processes import KILL_S, MARK, POLL_S, STOP_S, WORDS_S, born, mark_of, pids, signal_all, stat_of, until
from .refusal import Refused

PR_SET_CHILD_SUBREAPER = 36
SBIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STATUS_SIZE = 256


def start(home: str, mark: str, argv: list[str], env: dict[str, str], turn: int) -> dict[str, Any]:
    """Start the node in `home` for the `turn`-th time, or see that this was done."""
    before = status(home)
    if before["turn"] == turn and before["pid"]:
        return before
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.close(reader)
        os.setsid()
        if os.fork():
            os._exit(0)
        try:
            _keep(home, mark, argv, env, turn, writer)
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(middle, 0)
    with os.fdopen(reader) as said:
        problem = said.read()
    if problem:
        raise Refused(problem)
    return status(home)


def _keep(home: str, mark: str, argv: list[str], env: dict[str, str], turn: int, writer: int) -> None:
    """The keeper's life: start the node, adopt its orphans, write down how it ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    try:
        me = {"turn": turn, "keeper": os.getpid(), "born": born(os.getpid())}
        _write_status(home, {**me, "pid": 0, "code": None})
    except OSError as error:
        os.write(writer, f"{home}: {error.strerror}".encode())
        return
    tried, trying = os.pipe()  # closed by exec, so its end without a word is success
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.chdir(home)
            for number, name in ((1, "stdout.log"), (2, "stderr.log")):
                os.dup2(os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), number)
            os.execvpe(argv[0], argv, {"PATH": SBIN, **env, MARK: mark})
        except OSError as error:
            os.write(trying, f"{argv[0]} cannot be started: {error.strerror}".encode())
        finally:
            os._exit(127)
    os.close(trying)
    problem = os.read(tried, 1000)
    if not problem:
        _write_status(home, {**me, "pid": child, "code": None})
    os.write(writer, problem)
    os.close(writer)
    while True:
        try:
            pid, state = os.wait()
        except ChildProcessError:
            return
        if pid == child and not problem:
            code = os.waitstatus_to_exitcode(state)
            _write_status(home, {**me, "pid": child, "code": code})


def status(home: str) -> dict[str, Any]:
    """turn: how often it was started; code: None while it runs, negative for a signal."""
    try:
        with open(f"{home}/status.json") as file:
            found: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        return {"turn": 0, "keeper": 0, "born": "", "pid": 0, "code": None}
    if found["code"] is None and not stat_of(found["pid"]):
        time.sleep(POLL_S)  # it has just ended, and its keeper is about to say so
        is_orphaned = found["born"] != born(found["keeper"])
        with open(f"{home}/status.json") as file:
            found = json.load(file)  # read last: a keeper that is gone now has written all that it would
        if found["code"] is None and is_orphaned:
            found["code"] = -signal.SIGKILL  # somebody killed its keeper too, or the machine was started anew
    return found


def kill(home: str, mark: str) -> dict[str, Any]:
    """SIGKILL everything of the node; killed: which processes, left: those that would not die."""
    found = status(home)
    pids = of_node(found, mark)
    until(lambda: signal_all(of_node(found, mark)), KILL_S)
    until(lambda: status(home)["code"] is not None, WORDS_S)
    return {**status(home), "killed": pids, "left": of_node(found, mark)}


def pause(home: str, mark: str, still: bool) -> dict[str, Any]:
    """SIGSTOP or SIGCONT everything of the node; done: whether all of it was seen to obey."""
    found = status(home)
    number = signal.SIGSTOP if still else signal.SIGCONT

    def obeyed() -> bool:
        pids = of_node(found, mark)
        signal_all(pids, number)
        states = [stat[0] for stat in map(stat_of, pids) if stat]
        return all((state in "Tt") == still for state in states) and bool(states)

    return {**status(home), "pids": of_node(found, mark), "done": until(obeyed, STOP_S)}


def end(home: str, mark: str, grace_s: float) -> dict[str, Any]:
    """SIGTERM, and what is left after the grace by SIGKILL."""
    found = status(home)
    signal_all(of_node(found, mark), signal.SIGTERM)
    signal_all(of_node(found, mark), signal.SIGCONT)
    until(lambda: not of_node(found, mark), grace_s)
    return kill(home, mark)


def of_node(found: dict[str, Any], mark: str) -> list[int]:
    """All of the node, zombies left out: its keeper's descendants, and whoever bears its mark."""
    parents = {pid: stat for pid in pids() if (stat := stat_of(pid))}
    # Only if it is the keeper still: its number may be a stranger's by now, and 0 is everybody's ancestor.
    is_keeper = found["keeper"] > 0 and found["born"] == born(found["keeper"])
    family, more = ({found["keeper"]} if is_keeper else set[int]()), is_keeper
    while more:
        grown = {pid for pid, stat in parents.items() if int(stat[1]) in family} | family
        more, family = len(grown) > len(family), grown
    marked = {pid for pid in parents if mark_of(pid) == mark}
    return sorted(pid for pid in (family | marked) - {found["keeper"]} if parents.get(pid, "Z")[0] != "Z")


def _write_status(home: str, value: dict[str, Any]) -> None:
    """In place and always as long, so that it needs no room that a full disk would not give."""
    file = os.open(f"{home}/status.json", os.O_WRONLY | os.O_CREAT, 0o644)
    os.pwrite(file, json.dumps(value).ljust(STATUS_SIZE).encode(), 0)
    os.close(file)
