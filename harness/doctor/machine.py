"""What every place needs of this machine: room, limits, a steady clock; and what some faults will need.

Invariants: everything is tried, nothing is concluded from a version; nothing is left behind.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from harness.deploy.commands import run
from harness.doctor.finding import Check, Doubtful
from harness.errors import EnvironmentFault

LEAST_FREE, WANTED_FREE = 200 << 20, 2 << 30
WANTED_FILES = 4096
WANTED_TASKS = 500  # a run has its nodes' threads, its clients' and its judges', a few dozen each
NAPS, NAP_S = 200, 0.001
WANTED_JITTER_S = 0.005


def checks(runs: Path) -> list[Check]:
    """For runs kept in the folder `runs`."""
    return [
        Check(
            "disk",
            "histories, logs and reports are kept there",
            f"free some space, or give another folder than {runs} with --runs",
            lambda: _disk(runs),
        ),
        Check(
            "open files",
            "clients hold a connection each, and nodes a few",
            "ulimit -n 65536 (or LimitNOFILE= of the service)",
            _files,
        ),
        Check(
            "tasks",
            "nodes, clients and judges are processes with threads",
            "ulimit -u 4096 (or TasksMax= of the service, --pids-limit of the container)",
            _tasks,
        ),
        Check(
            "timers",
            "faults begin and operations are timed by naps; jitter blurs both",
            "leave the machine alone while it works, or give it more cores",
            _jitter,
        ),
        Check(
            "time namespace",
            "clock faults without changing the machine's clock",
            "a kernel with CONFIG_TIME_NS (5.6 or later), and root",
            _time_namespace,
        ),
        Check(
            "FUSE",
            "disk faults under a node's data",
            "modprobe fuse; and root, or namespaces of one's own",
            _fuse,
        ),
    ]


def _disk(runs: Path) -> str:
    here = runs
    while not here.exists():
        here = here.parent
    with tempfile.TemporaryFile(dir=here) as file:
        file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    free = shutil.disk_usage(here).free
    seen = f"{free / (1 << 30):.1f} GiB free at {here.resolve()}, 1 MiB written"
    if free < LEAST_FREE:
        raise EnvironmentFault(seen)
    if free < WANTED_FREE:
        raise Doubtful(seen)
    return seen


def _files() -> str:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    try:
        while len(held) < min(soft - 64, WANTED_FILES):
            held.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in held:
            os.close(descriptor)
    seen = f"{len(held)} opened at once, limit {soft} (hard {hard})"
    if len(held) < WANTED_FILES:
        raise Doubtful(seen)
    return seen


def _tasks() -> str:
    """Threads count as processes do, for the user's limit and the control group's."""
    done = threading.Event()
    held: list[threading.Thread] = []
    refused = ""
    try:
        while len(held) < WANTED_TASKS:
            thread = threading.Thread(target=done.wait, daemon=True)
            thread.start()
            held.append(thread)
    except RuntimeError as error:
        refused = f": {error}"
    finally:
        done.set()
        for thread in held:
            thread.join()
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    limit = "none" if soft == resource.RLIM_INFINITY else str(soft)
    seen = f"{len(held)} threads at once, limit of this user {limit}{refused}"
    if refused:
        raise Doubtful(seen)
    return seen


def _jitter() -> str:
    late = []
    for _ in range(NAPS):
        began = time.monotonic()
        time.sleep(NAP_S)
        late.append(time.monotonic() - began - NAP_S)
    worst = sorted(late)[int(NAPS * 0.99)]
    usual = statistics.median(late)
    seen = f"naps of 1 ms end {usual * 1e3:.2f} ms late, 1 in 100 more than {worst * 1e3:.2f} ms"
    if worst > WANTED_JITTER_S:
        raise Doubtful(seen)
    return seen


def _time_namespace() -> str:
    text = "import time; print(time.clock_gettime(time.CLOCK_BOOTTIME))"
    said = _apart(("--time", "--boottime", "1000000", "--fork"), text)
    ahead = float(said) - time.clock_gettime(time.CLOCK_BOOTTIME)
    if ahead < 999_000:
        raise EnvironmentFault(f"the clock inside is {ahead:.0f} s ahead, not 1,000,000")
    return "a process saw its boot-time clock 1,000,000 s ahead"


_MOUNT = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def must(code):
    if code: sys.exit(os.strerror(ctypes.get_errno()))
device = os.open("/dev/fuse", os.O_RDWR)
how = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
must(libc.mount(b"splitbrain", b"/mnt", b"fuse", 0, how))
print(int.from_bytes(os.read(device, 1 << 17)[4:8], sys.byteorder))
must(libc.umount2(b"/mnt", 2))
"""
_FUSE_INIT = 26  # the kernel's first request


def _fuse() -> str:
    asked = int(_apart(("--mount",), _MOUNT))
    if asked != _FUSE_INIT:
        raise EnvironmentFault(f"a file system was mounted, but the kernel's first request is {asked}")
    return "a file system was mounted, where nobody else sees it, and the kernel spoke to it"


def _apart(flags: Sequence[str], program: str) -> str:
    """What the Python `program` prints in namespaces of its own."""
    argv = ["unshare", "--user", "--map-root-user", *flags, sys.executable, "-I", "-S", "-c", program]
    done = run(argv)
    if done.code:
        raise EnvironmentFault(done.stderr.decode(errors="replace").strip() or f"unshare {flags[0]} failed")
    return done.stdout.decode()
