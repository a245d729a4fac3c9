"""The watching process of --stop-on-violation: what it makes of a journal that is being written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from checkers.codec import encode
from checkers.events import VERSION, Complete, FaultEvent, Header, Invoke, Line
from harness.run.watch import Seen, Tail, Watched

LINES: list[Line] = [
    Header(VERSION),
    Invoke(0, 10, "write", "k1", 1),
    FaultEvent(0, "requested", 12, "kill"),
    Complete(0, 20, "ok"),
    Invoke(1, 30, "read", "k1"),
]
STALE = Complete(1, 40, "ok", None)


def watch(journal: Path) -> subprocess.Popen[bytes]:
    """The process, told what to follow."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.run.watch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(Watched(str(journal), "register", "observation")) + b"\n")
    process.stdin.flush()
    return process


def test_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"one\ntw")
    tail = Tail(path)
    assert tail.lines() == [b"one"]
    with path.open("ab") as file:
        file.write(b"o\nthree\n")
    assert tail.lines() == [b"two", b"three"]
    assert tail.lines() == []


def test_it_says_what_is_certain_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"".join(map(encode, LINES)))
    process = watch(path)
    assert process.stdout is not None
    with path.open("ab") as file:
        file.write(encode(STALE)[:9])
        file.flush()
        file.write(encode(STALE)[9:])
    seen = msgspec.json.decode(process.stdout.readline(), type=Seen)
    assert seen.time_ns == 40
    assert "read → nil by process 1" in seen.sentence
    assert process.wait(timeout=30) == 0


def test_it_ends_with_the_conductor(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"".join(map(encode, LINES)))
    out, _ = watch(path).communicate(timeout=30)
    assert out == b""
