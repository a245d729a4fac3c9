"""The judge's process: limits, crashes and nonsense give Unknown, never Valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.codec import VERSION, Complete, Header, Invoke
from checkers.verdict import Invalid, Unknown, Valid
from harness import judge as judge_module
from harness.judge import Linearizability, Recovery, judge
from harness.run.journal import Journal, finish

REGISTER = Linearizability("register", "observation")


def stored(folder: Path, *reads: int | None, count: int = 1) -> Path:
    """A history that writes 1 `count` times and then reads."""
    path = folder / "history.jsonl"
    journal = Journal(path)
    journal.write(Header(VERSION))
    for number in range(count):
        journal.write(Invoke(0, 10 * number, "write", "k", 1))
        journal.write(Complete(0, 10 * number + 5, "ok"))
    for number, value in enumerate(reads, count):
        journal.write(Invoke(0, 10 * number, "read", "k"))
        journal.write(Complete(0, 10 * number + 5, "ok", value))
    journal.close()
    finish(path)
    return path


def test_each_claim_gets_its_verdict_in_order(tmp_path: Path) -> None:
    path = stored(tmp_path, 1)
    valid, recovered = judge(path, [REGISTER, Recovery(0, 5.0)], time_s=60, memory_mb=2048)
    assert isinstance(valid.verdict, Valid)
    assert isinstance(recovered.verdict, Valid)
    assert "register" in valid.name


def test_a_violation_crosses_the_process_whole(tmp_path: Path) -> None:
    [judged] = judge(stored(tmp_path, 1, None), [REGISTER], time_s=60, memory_mb=2048)
    assert isinstance(judged.verdict, Invalid)
    assert judged.verdict.counter_example is not None
    assert len(judged.verdict.counter_example.ops) == 2


def test_too_little_time_is_unknown(tmp_path: Path) -> None:
    [judged] = judge(stored(tmp_path, 1), [REGISTER], time_s=0.01, memory_mb=2048)
    assert isinstance(judged.verdict, Unknown)
    assert "--judge-time" in judged.verdict.reason


def test_too_little_memory_is_unknown(tmp_path: Path) -> None:
    path = stored(tmp_path, 1, count=200_000)
    [judged] = judge(path, [REGISTER], time_s=60, memory_mb=300)
    assert isinstance(judged.verdict, Unknown)
    assert "--judge-memory" in judged.verdict.reason or "status" in judged.verdict.reason


def test_a_history_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    [judged] = judge(tmp_path / "none.jsonl", [REGISTER], time_s=60, memory_mb=2048)
    assert isinstance(judged.verdict, Unknown)
    assert "status" in judged.verdict.reason


@pytest.mark.parametrize("printed", [b"", b"valid", b'{"verdict":"fine"}', b"[]"])
def test_nonsense_is_unknown(printed: bytes) -> None:
    assert isinstance(judge_module._read(0, printed, b"", 512), Unknown)
    assert isinstance(judge_module._read(-9, b'{"verdict":"valid","checked":1}', b"", 512), Unknown)
