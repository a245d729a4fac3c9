"""The write-ahead log: what a node persisted, in order, readable again after it was killed at any instant.

Layout: the 8 bytes `MAGIC`, then records. A record is `length` (u32, little-endian: bytes of payload),
`crc` (u32: CRC-32 of the length bytes and the payload), payload (MessagePack of the system's record
type).

Laws:
- `append` returns only when every record given to it is on stable storage (one write, one fdatasync).
- Opening reads everything. A tail without any whole record in it (the write the crash interrupted, never
  acknowledged) is cut off, the cut is synced, and its size is in `dropped_bytes`. Bytes that cannot be
  read with a whole record *behind* them are damage to acknowledged data: `CorruptLog`, and the file is
  left as it is.
- `rewrite` replaces the file as a whole: what is left of one that a crash interrupted (`NAME.new`) was never
  the log, and the next one removes it.
- The file is locked while open, so two processes never append to one log; the lock dies with its process.

The CRC covers the length as well, so that a damaged length cannot hide what follows, and zeros (a file
that was extended but never filled) are no record.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

MAGIC = b"SBWAL1\r\n"
_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<II")
_FILE_MODE = 0o644


class CorruptLog(Exception):
    """The log holds damaged bytes in front of whole records, or records of another type."""


class LogInUse(Exception):
    """Another process has the log open."""


class WriteAheadLog:
    """An append-only file of records.

    records: those read when the log was opened, in the order they were persisted. dropped_bytes: size of
    the torn tail that was cut off then, 0 if there was none.
    """

    def __init__(self, path: Path, record_type: Any) -> None:
        """Open or create `path`. Raises OSError, CorruptLog, LogInUse."""
        self.path = path
        self.dropped_bytes = 0
        self.records: list[Any] = []
        self._encode = msgspec.msgpack.Encoder().encode
        is_new = not path.exists()
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        try:
            self._lock()
            self._recover(msgspec.msgpack.Decoder(record_type))
            if is_new:
                sync_directory(path.parent)
        except BaseException:
            self.close()
            raise

    def append(self, records: Sequence[Any]) -> None:
        """Put `records` behind the others, on stable storage.

        Raises OSError; the log must not be used after that: what reached the disk is then unknown, and a
        second fsync that succeeds proves nothing about the pages the first one lost.
        """
        _write(self._fd, b"".join(_framed(self._encode(record)) for record in records))
        os.fdatasync(self._fd)

    def rewrite(self, records: Sequence[Any]) -> None:
        """Make `records` the whole log, at one moment: a crash leaves the old file or the new one.

        Raises OSError; the log must not be used after that, as with `append`.
        """
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)
        try:
            # Locked before it has the log's name, so that nobody can open it in between.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(fd, MAGIC + b"".join(_framed(self._encode(record)) for record in records))
            os.fsync(fd)
            fresh.replace(self.path)
            sync_directory(self.path.parent)
        except BaseException:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd = fd

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogInUse(f"{self.path} is in use by another process; stop that node first") from error

    def _recover(self, decoder: msgspec.msgpack.Decoder[Any]) -> None:
        data = _read_all(self._fd)
        if len(data) < len(MAGIC) and MAGIC.startswith(data):
            self._start_over(len(data))
            return
        if not data.startswith(MAGIC):
            raise CorruptLog(f"{self.path} is no write-ahead log, or its first bytes are damaged")
        end = self._read_records(data, decoder)
        if end == len(data):
            return
        whole = _next_record(data, end + 1)
        if whole is not None:
            raise CorruptLog(
                f"{self.path} is damaged at byte {end}: record {len(self.records) + 1} is unreadable but "
                f"a whole record follows at byte {whole}; restore the file, or remove the data directory to "
                "start an empty node"
            )
        self.dropped_bytes = len(data) - end
        os.ftruncate(self._fd, end)
        os.fsync(self._fd)

    def _start_over(self, torn_bytes: int) -> None:
        """Write the header of a log that is new, or that was killed while it was being created."""
        self.dropped_bytes = torn_bytes
        os.ftruncate(self._fd, 0)
        _write(self._fd, MAGIC)
        os.fsync(self._fd)

    def _read_records(self, data: bytes, decoder: msgspec.msgpack.Decoder[Any]) -> int:
        """Read whole records from the front; where they end."""
        position = len(MAGIC)
        while (payload := _payload_at(data, position)) is not None:
            try:
                self.records.append(decoder.decode(payload))
            except msgspec.DecodeError as error:
                raise CorruptLog(
                    f"{self.path}: record {len(self.records) + 1} at byte {position} is of another type "
                    f"({error}); was this data directory written by another system or version?"
                ) from error
            position += _HEAD.size + len(payload)
        return position


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable: a new file's content alone does not survive a crash without
    its name.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _framed(payload: bytes) -> bytes:
    return _HEAD.pack(len(payload), _crc(payload)) + payload


def _crc(payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_LENGTH.pack(len(payload))))


def _payload_at(data: bytes, position: int) -> bytes | None:
    """The payload of the record that begins at `position`, None if no whole record does."""
    start = position + _HEAD.size
    if start > len(data):
        return None
    length, crc = _HEAD.unpack_from(data, position)
    if length == 0 or start + length > len(data):
        return None
    payload = data[start : start + length]
    return payload if _crc(payload) == crc else None


def _next_record(data: bytes, position: int) -> int | None:
    """Where the first whole record at or behind `position` begins; lengths of damaged records cannot be
    trusted.
    """
    last = len(data) - _HEAD.size
    return next((at for at in range(position, last) if _payload_at(data, at) is not None), None)


def _read_all(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    chunks: list[bytes] = []
    offset = 0
    while offset < size and (chunk := os.pread(fd, size - offset, offset)):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
