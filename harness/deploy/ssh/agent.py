"""What a controller runs on a host: `python3 agent.py VERB`, one JSON object in, one out.

A node runs under a *keeper*: a process in a session of its own that outlives the SSH connection, adopts what
the node leaves behind (a child in a session of its own is killed and stopped with it) and writes down how the
node ended. Everything of a run is under BASE/runs/RUN; the file BASE/claim says which run has the host.

Invariants: this file stands alone, needs Python alone and works as any user; a verb may be called again after
its answer was lost; whatever goes wrong is an answer {"error": ...}; nothing here is ours to remember, all
state is in files and in /proc.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
KILL_S, STOP_S, WORDS_S = 3.0, 1.0, 2.0
POLL_S, BEAT_S = 0.02, 0.5
MARK = "SPLITBRAIN_NODE"
SBIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CHUNK = 1 << 18
STATUS_SIZE = 256


class Refused(Exception):
    """An answer that is no success, in words."""


def main() -> None:
    """Entry point."""
    verb = sys.argv[1]
    if verb == "follow":
        follow(json.loads(sys.stdin.buffer.readline()))
        return
    try:
        given = json.loads(sys.stdin.buffer.read() or b"{}")
        answer = {"ok": VERBS[verb](**given)}
    except Refused as refusal:
        answer = {"error": str(refusal)}
    except OSError as error:
        answer = {"error": f"{error.filename or verb}: {error.strerror or error}"}
    sys.stdout.write(json.dumps(answer))


# --- the host -------------------------------------------------------------------------------------------


def facts(folder: str) -> dict[str, Any]:
    """What this machine is and has."""
    here = folder
    while not os.path.isdir(here):
        here = os.path.dirname(here)
    room = os.statvfs(here)
    return {
        "python": list(sys.version_info[:3]),
        "machine": platform.machine(),
        "uid": os.getuid(),
        "boot": _text("/proc/sys/kernel/random/boot_id").strip(),
        "free": room.f_bavail * room.f_frsize,
        "writable": os.access(here, os.W_OK),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "tools": {tool: shutil.which(tool, path=SBIN) for tool in ("nft", "timeout", "sudo")},
        "connection": os.environ.get("SSH_CONNECTION", "").split(),
    }


def clock() -> dict[str, int]:
    """Both clocks, in nanoseconds."""
    return {"monotonic_ns": time.monotonic_ns(), "wall_ns": time.time_ns()}


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
    left = [pid for pid in _pids() if _mark(pid).startswith(f"{run}/")]
    if left:
        removed.append(f"{len(left)} processes")
    if not _until(lambda: _signal_all([p for p in _pids() if _mark(p).startswith(f"{run}/")]), KILL_S):
        raise Refused(f"processes of {run} did not die by SIGKILL")
    folder = f"{base}/runs/{run}"
    # A keeper still writes down how its node ended, and then is gone as well.
    _until(lambda: not any(_born(found["keeper"]) == found["born"] for found in _statuses(folder)), WORDS_S)
    if run and not keep and os.path.isdir(folder):
        _remove(folder)
        removed.append(f"folder {folder}")
    found = leftovers(base)
    if found is not None and found["run"] == run:
        os.unlink(f"{base}/claim")
    if everything:
        removed += [f"programs in {base}"] if os.path.isdir(f"{base}/programs") else []
        _remove(f"{base}/programs")
    for empty in (f"{base}/runs", base):
        if os.path.isdir(empty) and not os.listdir(empty):
            os.rmdir(empty)
    return removed


def _statuses(folder: str) -> list[dict[str, Any]]:
    homes = [f"{folder}/{name}" for name in os.listdir(folder)] if os.path.isdir(folder) else []
    return [status(home) for home in homes if os.path.exists(f"{home}/status.json")]


def unpack(archive: str, target: str) -> str:
    """The interpreter of a program whose archive was put here; unpacked once, whole or not at all."""
    python = f"{target}/bin/python"
    if os.path.exists(f"{target}/whole"):
        return python
    draft = f"{target}.{os.getpid()}"
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(f"{draft}/site")  # ours: its digest is its name
        done = subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", draft],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(
                f"no virtual environment can be made: {(done.stderr or done.stdout).strip()[-300:]}"
            )
        libraries = [f"{draft}/lib/{name}/site-packages" for name in os.listdir(f"{draft}/lib")]
        for folder in libraries:
            with open(f"{folder}/splitbrain.pth", "w") as file:
                file.write(f"{target}/site\n")
        open(f"{draft}/whole", "w").close()
        _remove(target)
        os.rename(draft, target)
    finally:
        _remove(draft)
        os.unlink(archive)
    return python


def signals() -> str:
    """Stop, continue and kill a process of our own, and see it happen."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        for number, states in ((signal.SIGSTOP, "T"), (signal.SIGCONT, "SR")):
            os.kill(child, number)
            if not _until(lambda states=states: (_stat(child) or ["?"])[0] in states, STOP_S):
                raise Refused(f"a process did not obey signal {int(number)}")
    finally:
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != -signal.SIGKILL:
        raise Refused(f"a process that was killed ended with {code}")
    return "a process was stopped, continued and killed"


def packet(port: int) -> None:
    """Send one to ourselves."""
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))


def digest(path: str) -> str | None:
    """SHA-256 of a file, None if it is not there."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None


# --- a node ---------------------------------------------------------------------------------------------


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
        me = {"turn": turn, "keeper": os.getpid(), "born": _born(os.getpid())}
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
    if found["code"] is None and not _stat(found["pid"]):
        time.sleep(POLL_S)  # it has just ended, and its keeper is about to say so
        with open(f"{home}/status.json") as file:
            found = json.load(file)
        if found["code"] is None and found["born"] != _born(found["keeper"]):
            found["code"] = -signal.SIGKILL  # somebody killed its keeper too, or the machine was started anew
    return found


def kill(home: str, mark: str) -> dict[str, Any]:
    """SIGKILL everything of the node; killed: which processes, left: those that would not die."""
    found = status(home)
    pids = _of_node(found, mark)
    _until(lambda: _signal_all(_of_node(found, mark)), KILL_S)
    _until(lambda: status(home)["code"] is not None, WORDS_S)
    return {**status(home), "killed": pids, "left": _of_node(found, mark)}


def pause(home: str, mark: str, still: bool) -> dict[str, Any]:
    """SIGSTOP or SIGCONT everything of the node; done: whether all of it was seen to obey."""
    found = status(home)
    number = signal.SIGSTOP if still else signal.SIGCONT

    def obeyed() -> bool:
        pids = _of_node(found, mark)
        _signal_all(pids, number)
        states = [stat[0] for stat in map(_stat, pids) if stat]
        return all((state in "Tt") == still for state in states) and bool(states)

    return {**status(home), "pids": _of_node(found, mark), "done": _until(obeyed, STOP_S)}


def end(home: str, mark: str, grace_s: float) -> dict[str, Any]:
    """SIGTERM, and what is left after the grace by SIGKILL."""
    found = status(home)
    _signal_all(_of_node(found, mark), signal.SIGTERM)
    _signal_all(_of_node(found, mark), signal.SIGCONT)
    _until(lambda: not _of_node(found, mark), grace_s)
    return kill(home, mark)


def follow(given: dict[str, Any]) -> None:
    """Send what files gain, and how the node is, until stdin ends: a line of JSON, then as many bytes as it
    says. `once`: only what is there."""
    offsets: dict[str, int] = given["offsets"]
    beat = 0.0
    while True:
        for path, offset in offsets.items():
            offsets[path] = offset + _send_new(path, offset)
        if time.monotonic() >= beat or given["once"]:
            beat = time.monotonic() + BEAT_S
            os.utime(given["claim"]) if os.path.exists(given["claim"]) else None
            room = os.statvfs(given["home"])
            how = {**status(given["home"]), "free": room.f_bavail * room.f_frsize}
            _send({"status": how, "size": 0}, b"")
        if given["once"] or select.select([sys.stdin], [], [], 2.5 * POLL_S)[0]:
            return


def _send_new(path: str, offset: int) -> int:
    sent = 0
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            while data := file.read(CHUNK):
                _send({"path": path, "size": len(data)}, data)
                sent += len(data)
    except FileNotFoundError:
        return 0
    return sent


def _send(header: dict[str, Any], data: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


# --- processes ------------------------------------------------------------------------------------------


def _of_node(found: dict[str, Any], mark: str) -> list[int]:
    """All of the node, zombies left out: its keeper's descendants, and whoever bears its mark."""
    parents = {pid: stat for pid in _pids() if (stat := _stat(pid))}
    # Only if it is the keeper still: its number may be a stranger's by now, and 0 is everybody's ancestor.
    is_keeper = found["keeper"] > 0 and found["born"] == _born(found["keeper"])
    family, more = ({found["keeper"]} if is_keeper else set[int]()), is_keeper
    while more:
        grown = {pid for pid, stat in parents.items() if int(stat[1]) in family} | family
        more, family = len(grown) > len(family), grown
    marked = {pid for pid in parents if _mark(pid) == mark}
    return sorted(pid for pid in (family | marked) - {found["keeper"]} if parents.get(pid, "Z")[0] != "Z")


def _signal_all(pids: list[int], number: int = signal.SIGKILL) -> bool:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return not pids


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _mark(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            settings = file.read().split(b"\0")
    except OSError:  # gone, or somebody else's
        return ""
    wanted = f"{MARK}=".encode()
    return next((s[len(wanted) :].decode(errors="replace") for s in settings if s.startswith(wanted)), "")


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None if it is gone or a zombie."""
    try:
        fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields if fields and fields[0] not in "ZX" else None


def _born(pid: int) -> str:
    """When a process began, in clock ticks since the boot; "-" if there is none."""
    fields = _stat(pid) if pid > 0 else None
    return fields[19] if fields else "-"


def _until(true: Any, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S / 4)
    return True


def _text(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.read()


def _write_status(home: str, value: dict[str, Any]) -> None:
    """In place and always as long, so that it needs no room that a full disk would not give."""
    file = os.open(f"{home}/status.json", os.O_WRONLY | os.O_CREAT, 0o644)
    os.pwrite(file, json.dumps(value).ljust(STATUS_SIZE).encode(), 0)
    os.close(file)


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)


VERBS: dict[str, Any] = {
    "facts": facts,
    "clock": clock,
    "claim": claim,
    "leftovers": leftovers,
    "release": release,
    "unpack": unpack,
    "digest": digest,
    "signals": signals,
    "packet": packet,
    "start": start,
    "status": status,
    "kill": kill,
    "pause": pause,
    "end": end,
}

if __name__ == "__main__":
    main()
