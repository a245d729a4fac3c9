"""The journal: whole lines, two writers, a full disk, a killed writer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from checkers.codec import VERSION, Complete, FaultEvent, Header, Invoke, decode
from harness.errors import EnvironmentFault
from harness.run.journal import Journal, finish


def operation(process: int, time: int) -> tuple[Invoke, Complete]:
    return Invoke(process, time, "write", "k", time), Complete(process, time + 1, "ok")


def test_two_writers_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    controller, clients = Journal(path), Journal(path)
    controller.write(Header(VERSION))
    for number in range(100):
        call, end = operation(number, 10 * number)
        clients.write(call)
        controller.write(FaultEvent(number + 1, "requested", 10 * number + 5, "kill", ("n1",)))
        clients.write(end)
    controller.close()
    clients.close()
    finish(path)
    decoded = decode(path.read_bytes(), "history.jsonl")
    assert decoded.complete
    assert len(decoded.history) == 100
    assert len(decoded.history.disturbances) == 100


def test_a_torn_tail_is_cut_off_before_the_footer(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    journal = Journal(path)
    journal.write(Header(VERSION))
    for event in operation(1, 10):
        journal.write(event)
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"type":"invoke","proc')
    finish(path)
    decoded = decode(path.read_bytes(), "history.jsonl")
    assert decoded.complete
    assert len(decoded.history) == 1


def test_a_full_disk_is_an_environment_fault_and_nothing_follows() -> None:
    journal = Journal(Path("/dev/full"))
    for says in ("No space left", "an earlier event could not be written"):
        with pytest.raises(EnvironmentFault, match=says) as caught:
            journal.write(Header(VERSION))
        assert caught.value.fix


def test_after_a_short_write_nothing_follows_the_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    code = f"""
import resource
from pathlib import Path
from checkers.codec import VERSION, Header
from harness.errors import EnvironmentFault
from harness.run.journal import Journal
from tests.harness.test_journal import operation
journal = Journal(Path({str(path)!r}))
journal.write(Header(VERSION))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
refused = 0
for number in range(50):
    for event in operation(number, number):
        try:
            journal.write(event)
        except EnvironmentFault:
            refused += 1
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(refused)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    accepted = path.read_bytes().count(b"\n") - 1
    assert int(ended.stdout) == 100 - accepted, "the torn one and all after it, although there is room again"
    assert path.stat().st_size == 1000
    assert decode(path.read_bytes(), "history.jsonl").torn


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        Journal(tmp_path / "none" / "history.jsonl")


def test_a_killed_writer_loses_no_finished_event(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    code = f"""
from pathlib import Path
from checkers.codec import VERSION, Header
from harness.run.journal import Journal
from tests.harness.test_journal import operation
journal = Journal(Path({str(path)!r}))
journal.write(Header(VERSION))
for number in range(10**9):
    for event in operation(number, number):
        journal.write(event)
    print(number, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = -1
    for line in process.stdout:
        said = int(line)
        if said >= 500:
            process.kill()
            break
    rest = process.stdout.read()
    process.wait()
    said = max([said, *map(int, rest.split("\n")[:-1])])
    decoded = decode(path.read_bytes(), "history.jsonl")
    assert not decoded.complete
    assert sum(1 for op in decoded.history if op.outcome == 0) >= said + 1
