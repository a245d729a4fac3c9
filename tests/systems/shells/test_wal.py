"""The write-ahead log: what was appended is there again, after every kind of crash and damage."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from systems.shells.wal import MAGIC, CorruptLog, LogInUse, WriteAheadLog


class Put(msgspec.Struct, frozen=True, tag="put", array_like=True):
    """A record to test with."""

    number: int
    text: str


class Other(msgspec.Struct, frozen=True, tag="other", array_like=True):
    """A record of another system."""


RECORDS = (Put(1, "a"), Put(2, "bcdef" * 3), Put(3, ""), Put(4, "zz"))


def written(path: Path) -> tuple[bytes, list[int]]:
    """A log of `RECORDS`: its bytes, and where the header and each record end."""
    wal = WriteAheadLog(path, Put)
    ends = [path.stat().st_size]
    for record in RECORDS:
        wal.append([record])
        ends.append(path.stat().st_size)
    wal.close()
    return path.read_bytes(), ends


def reopened(path: Path) -> tuple[tuple[Put, ...], int]:
    wal = WriteAheadLog(path, Put)
    wal.close()
    return tuple(wal.records), wal.dropped_bytes


def test_records_come_back_in_order(tmp_path: Path) -> None:
    written(tmp_path / "wal")
    assert reopened(tmp_path / "wal") == (RECORDS, 0)


def test_a_log_cut_at_any_byte_loses_only_the_torn_record(tmp_path: Path) -> None:
    path = tmp_path / "wal"
    data, ends = written(path)
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        whole = sum(1 for end in ends[1:] if end <= cut)
        kept = ends[whole] if cut >= ends[0] else 0
        assert reopened(path) == (RECORDS[:whole], cut - kept), f"cut at {cut}"
        assert path.read_bytes() == data[: max(kept, ends[0])], f"cut at {cut}"
        wal = WriteAheadLog(path, Put)
        wal.append([Put(9, "after")])
        wal.close()
        assert reopened(path) == ((*RECORDS[:whole], Put(9, "after")), 0), f"cut at {cut}"


def test_a_flipped_bit_is_an_error_or_costs_the_last_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "wal"
    data, ends = written(path)
    for byte, bit in itertools.product(range(len(data)), range(8)):
        damaged = bytearray(data)
        damaged[byte] ^= 1 << bit
        path.write_bytes(damaged)
        if byte < ends[-2]:
            with pytest.raises(CorruptLog):
                WriteAheadLog(path, Put)
            assert path.read_bytes() == damaged, "a damaged log must be left as it is"
        else:
            assert reopened(path) == (RECORDS[:-1], len(data) - ends[-2]), f"byte {byte} bit {bit}"


def test_a_file_extended_with_zeros_is_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "wal"
    data, _ = written(path)
    path.write_bytes(data + bytes(4096))
    assert reopened(path) == (RECORDS, 4096)


def test_the_error_names_file_and_place(tmp_path: Path) -> None:
    path = tmp_path / "wal"
    data, ends = written(path)
    path.write_bytes(data[: ends[1]] + b"\xff" * (ends[2] - ends[1]) + data[ends[2] :])
    with pytest.raises(CorruptLog, match=rf"wal is damaged at byte {ends[1]}: record 2 .* at byte {ends[2]}"):
        WriteAheadLog(path, Put)


def test_records_of_another_type_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "wal")
    with pytest.raises(CorruptLog, match="record 1 at byte 8 is of another type"):
        WriteAheadLog(tmp_path / "wal", Other)


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wal").write_bytes(b"#!/bin/sh\n")
    with pytest.raises(CorruptLog, match="no write-ahead log"):
        WriteAheadLog(tmp_path / "wal", Put)


def test_two_nodes_cannot_share_a_log(tmp_path: Path) -> None:
    wal = WriteAheadLog(tmp_path / "wal", Put)
    with pytest.raises(LogInUse, match="in use by another process"):
        WriteAheadLog(tmp_path / "wal", Put)
    wal.close()
    assert reopened(tmp_path / "wal") == ((), 0)


def test_append_syncs_once_and_after_the_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wal"
    wal = WriteAheadLog(path, Put)
    sizes: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: sizes.append(os.fstat(fd).st_size))
    wal.append(RECORDS)
    assert sizes == [path.stat().st_size]
    assert sizes[0] > len(MAGIC)
    wal.close()


WRITER = """
import sys
from pathlib import Path
from systems.shells.wal import WriteAheadLog
from tests.systems.shells.test_wal import Put
wal = WriteAheadLog(Path(sys.argv[1]), Put)
number = len(wal.records)
while True:
    batch = [Put(number + i, "x" * (100 * i)) for i in range(8)]
    wal.append(batch)
    number += len(batch)
    print(number, flush=True)
"""


def test_everything_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "wal"
    for lines in (1, 2, 7, 30):
        argv = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(lines):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            acknowledged = [int(line) for line in writer.stdout.read().split()]
        records, _ = reopened(path)
        assert [record.number for record in records] == list(range(len(records)))
        assert len(records) >= max(acknowledged, default=8 * lines)
