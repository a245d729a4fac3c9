"""A scheduler of Dask and workers for tests, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from tests.harness.campaign.nights import until

LIMIT_S = 60.0
PINNED = "0.1.0 (sources of the tests)"  # so that nobody who edits meanwhile makes another version of it
WORKER = f"""
import sys
from harness.campaign import cluster_worker
cluster_worker.program = lambda: {PINNED!r}
if __name__ == "__main__":
    sys.exit(cluster_worker.main(sys.argv[1:]))
"""


class Processes:
    """A scheduler and workers, all of which end with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"process-{len(self.started)}.log").open("wb")
        root = str(Path(__file__).parents[3])  # liars are in this module
        environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(self.folder), "PYTHONPATH": root}
        with log:
            process = subprocess.Popen(
                [sys.executable, *argv], stdout=log, stderr=log, env=environment, cwd=self.folder
            )
        self.started.append(process)
        return process

    def scheduler(self) -> subprocess.Popen[bytes]:
        file = self.folder / "scheduler.json"
        argv = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        process = self.start("-m", "distributed.cli.dask_scheduler", *argv)

        def address() -> str:
            assert process.poll() is None, self.said()
            with contextlib.suppress(OSError, ValueError, KeyError):
                return str(json.loads(file.read_text())["address"])
            return ""

        self.address = until(address)
        return process

    def worker(self, *more: str) -> subprocess.Popen[bytes]:
        return self.start("-c", WORKER, self.address, *more)

    def said(self) -> str:
        return "\n".join(path.read_text("utf-8", "replace") for path in self.folder.glob("process-*.log"))

    def close(self) -> None:
        for process in self.started:
            family = runs_of(process) + children_of(process)
            process.kill()
            process.wait()
            for one in family:
                with contextlib.suppress(psutil.Error):
                    one.kill()


def children_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def runs_of(worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes of runs that are under way there: each leads a session of its own."""
    found = []
    for one in children_of(worker):
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getsid(one.pid) == one.pid:
                found.append(one)
    return found


def are_gone(processes: Sequence[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Processes]:
    folder.mkdir()
    processes = Processes(folder)
    try:
        yield processes
    finally:
        processes.close()
