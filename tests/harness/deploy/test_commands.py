"""Commands run to their end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.deploy.commands import finish, run_all, spawn
from harness.deploy.processes import stat_of
from harness.errors import EnvironmentFault, MissingPrerequisite
from tests.harness.deploy.fake import eventually


def test_output_and_code_come_back() -> None:
    argv = ("sh", "-c", "cat; echo err >&2; exit 4")
    done = finish(argv, spawn(argv), b"in", 10)
    assert (done.code, done.stdout, done.stderr) == (4, b"in", b"err\n")


def test_a_command_that_hangs_is_killed_with_its_children() -> None:
    argv = ("sh", "-c", "sleep 1000 & echo $!; exec 1>&-; wait")
    process = spawn(argv)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    with pytest.raises(EnvironmentFault, match=r"sleep 1000.* did not end within 0\.1 s"):
        finish(argv, process, b"", 0.1)
    assert process.returncode == -9
    eventually(lambda: (s := stat_of(child)) is None or s.state in "ZX", "the child is dead")


def test_a_program_that_is_not_there_is_a_missing_prerequisite() -> None:
    with pytest.raises(MissingPrerequisite, match="'no-such-program'"):
        spawn(("no-such-program",))


def test_many_run_side_by_side_and_a_failure_is_named(tmp_path: Path) -> None:
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    # Opening a FIFO waits for the other end: one after the other they would never end.
    reader, writer = ("cat", fifo), ("sh", "-c", f"cat > {fifo}")
    done = run_all({"reader": (reader, b""), "writer": (writer, b"through")})
    assert done["reader"].stdout == b"through"
    with pytest.raises(EnvironmentFault, match=r"n2: `sh -c 'echo why >&2; exit 3'` failed \(3\): why"):
        run_all({"n1": (("true",), b""), "n2": (("sh", "-c", "echo why >&2; exit 3"), b"")})
