"""What is left when somebody pulls the plug, or presses Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SPLITBRAIN, Splitbrain, clean_environment


def wait_for(condition: object, what: str, limit_s: float = 30) -> None:
    assert callable(condition)
    limit = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < limit, f"{what} did not happen within {limit_s} s"
        time.sleep(0.05)


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that have to do with the run folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                cwd = os.readlink(entry / "cwd")
            except OSError:
                continue
            if str(folder) in line or cwd.startswith(str(folder)):
                found.append(line)
    return found


def namespaces() -> set[str]:
    """Network namespaces that some process lives in."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(os.readlink(entry))
        except OSError:
            continue
    return found


def interfaces() -> str:
    return subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout


def rules() -> str:
    return subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout


def history_lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("runs/*/history.jsonl"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [*SPLITBRAIN, "run", "raft", "-n", "partition,kill,pause", "--time", "60s", "--seed", "6"]
    process = subprocess.Popen(
        argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment()
    )
    yield process
    process.kill()
    process.communicate()


def test_sigkill_of_the_controller_leaves_nothing_and_the_history_can_be_judged(
    splitbrain: Splitbrain, tmp_path: Path
) -> None:
    before = (interfaces(), rules(), namespaces())
    argv = [*SPLITBRAIN, "run", "raft", "-n", "partition,kill,pause", "--time", "60s", "--seed", "6"]
    process = subprocess.Popen(
        argv, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment()
    )
    try:
        wait_for(lambda: history_lines(tmp_path) > 1000, "a thousand events")
        assert processes_of(tmp_path)
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not processes_of(tmp_path), "the end of every process", 10)
    wait_for(lambda: namespaces() <= before[2], "the end of every namespace", 10)
    assert (interfaces(), rules()) == before[:2]
    [folder] = tmp_path.glob("runs/*-raft-*")
    checked = splitbrain("check", str(folder))
    assert checked.code == 2, checked.err
    assert "controller was killed" in checked.out
    bare = splitbrain("check", str(folder / "history.jsonl"))
    assert bare.code == 0, bare.err
    assert "no footer" in bare.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_heals_and_still_reports(
    running: subprocess.Popen[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    wait_for(lambda: history_lines(tmp_path) > 1000, "a thousand events")
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == code, err
    [folder] = tmp_path.glob("runs/*-raft-*")
    assert "interrupted" in (folder / "report.html").read_text().lower()
    assert "report.html" in out
    assert not processes_of(tmp_path)
