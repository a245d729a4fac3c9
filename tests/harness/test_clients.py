"""The clients' process, run as the conductor runs it, with a client that fails in every way."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from checkers.codec import VERSION, Header, decode
from checkers.history import History, Outcome
from harness.run.job import Finished, FromClients, Go, Job, Ready, StopAt, Trouble
from harness.run.journal import Journal

DECODER = msgspec.json.Decoder(FromClients)
SYSTEM = f"{Path(__file__).with_name('odd_system.py')}:Odd"


def start(folder: Path, system: str = SYSTEM) -> tuple[subprocess.Popen[bytes], FromClients]:
    journal = Journal(folder / "history.jsonl")
    journal.write(Header(VERSION))
    journal.close()
    job = Job(
        system, {}, "register", {"n1": "127.0.0.1"}, 5, 0.0, 3, 50, 0.2, 1, str(folder / "history.jsonl")
    )
    argv = [sys.executable, "-m", "harness.run.clients"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tell(process, job)
    assert process.stdout is not None
    return process, DECODER.decode(process.stdout.readline())


def tell(process: subprocess.Popen[bytes], message: object) -> None:
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(message) + b"\n")
    process.stdin.flush()


def run_for(folder: Path, seconds: float) -> tuple[History, Finished]:
    process, first = start(folder)
    with process:
        assert isinstance(first, Ready)
        now = time.monotonic_ns()
        tell(process, Go(now))
        tell(process, StopAt(now + int(seconds * 1e9)))
        assert process.stdout is not None
        messages = [DECODER.decode(line) for line in process.stdout]
    finished = messages[-1]
    assert isinstance(finished, Finished)
    return decode((folder / "history.jsonl").read_bytes(), "history.jsonl").history, finished


def test_what_clients_do_is_journalled_truly(tmp_path: Path) -> None:
    history, finished = run_for(tmp_path, 1.0)
    ops = list(history)
    reads = [op for op in ops if op.f == "read" and op.outcome is Outcome.OK]
    assert len(reads) > 20
    # Law 1: the answer was made between the stamps of call and return.
    assert all(op.call_ns <= op.output <= op.return_ns for op in reads)
    expected = {0: Outcome.FAIL, 1: Outcome.INFO, 2: Outcome.INFO, 3: Outcome.INFO, 4: Outcome.OK}
    writes = [op for op in ops if op.f == "write"]
    assert {op.input % 5 for op in writes} == set(expected)
    assert all(op.outcome is expected[op.input % 5] for op in writes)
    assert all("KeyError" in (op.error or "") for op in writes if op.input % 5 == 2)
    assert all("0.2 s" in (op.error or "") for op in writes if op.input % 5 == 3)
    status = finished.status
    counted = {o: sum(op.outcome is o for op in ops) for o in Outcome}
    assert (status.ok, status.fail, status.info) == tuple(counted[o] for o in Outcome)
    assert status.last_ok_call_ns == max(op.call_ns for op in ops if op.outcome is Outcome.OK)


def test_a_lost_process_never_acts_again(tmp_path: Path) -> None:
    history, _ = run_for(tmp_path, 0.6)
    lost: set[int] = set()
    for op in history:
        assert op.process not in lost
        if op.outcome is Outcome.INFO:
            lost.add(op.process)
    assert len(lost) > 5


def test_it_ends_when_the_conductor_is_gone(tmp_path: Path) -> None:
    process, _ = start(tmp_path)
    with process:
        tell(process, Go(time.monotonic_ns()))
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) != 0


@pytest.mark.parametrize("system", ["no-such-system", "/nowhere/x.py:Y"])
def test_a_system_that_cannot_be_loaded_is_the_users_trouble(tmp_path: Path, system: str) -> None:
    process, first = start(tmp_path, system)
    with process:
        assert isinstance(first, Trouble)
        assert first.whose == "config"
        assert first.fix


def test_the_process_imports_no_more_of_others_than_the_node_program() -> None:
    code = "import sys, harness.run.clients; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {"harness", "checkers", "systems", "splitbrain", "sitecustomize"}  # the last one is Debian's
    others = {name for name in done.stdout.split() if not name.startswith("_")} - sys.stdlib_module_names
    assert others - ours <= {"msgspec", "grpc", "typing_extensions"}
