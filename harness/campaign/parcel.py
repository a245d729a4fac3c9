"""A run's folder as bytes, to be sent from the machine that did the run, and back.

Invariants: only regular files and folders travel, with their names and bytes: no links, owners, modes or
times; a folder appears whole or not at all; nothing is written outside of it, and never more than was said,
whoever made the parcel.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from harness.campaign.run_folder import remove

MEMBERS = 20_000  # files and folders in one parcel
_CHUNK = 1 << 20
_LONGEST = 1000  # characters of a path
_EMPTY = tarfile.RECORDSIZE  # bytes of an archive that holds nothing
_OVERHEAD = 4 * tarfile.BLOCKSIZE  # for the header of one member, at most


class BadParcel(Exception):
    """What arrived is no run's folder, or too large; the message says which."""


def packed(folder: Path, limit_mb: float) -> bytes:
    """The folder's files. What is neither a file nor a folder is left out. Raises BadParcel when it is too
    large, and OSError.
    """
    data = io.BytesIO()
    left = limit_mb * 2**20
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=6, format=tarfile.PAX_FORMAT) as tar:
        for count, (path, name) in enumerate(_inside(folder), 1):
            member = tarfile.TarInfo(name)
            if path.is_dir():
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
            else:
                with path.open("rb") as file:
                    member.size = os.fstat(file.fileno()).st_size
                    left -= member.size
                    if left < 0:
                        raise BadParcel(_too_large(limit_mb))
                    tar.addfile(member, file)
            if count > MEMBERS:
                raise BadParcel(f"it has more than {MEMBERS} files")
    return data.getvalue()


def _inside(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files and folders, each folder before what is in it, with their names relative to `folder`."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            continue
        yield path, path.name
        if path.is_dir():
            yield from ((inner, f"{path.name}/{name}") for inner, name in _inside(path))


def unpacked(parcel: bytes, folder: Path, limit_mb: float) -> None:
    """Make `folder`, which is empty or not there, from a parcel. Raises BadParcel, and OSError when the disk
    refuses.
    """
    arriving = folder.with_name(f".{folder.name}.arriving")
    remove(arriving)
    arriving.mkdir(parents=True)
    try:
        with tempfile.TemporaryFile(dir=arriving.parent) as archive:
            _inflate(parcel, archive, limit_mb)
            _extract(archive, arriving, limit_mb)
        arriving.rename(folder)
    except BaseException:
        shutil.rmtree(arriving, ignore_errors=True)
        raise


def _inflate(parcel: bytes, archive: IO[bytes], limit_mb: float) -> None:
    """Before a byte of it is interpreted, so that no header of it can ask for more memory than that."""
    limit = int(limit_mb * 2**20) + _EMPTY + MEMBERS * _OVERHEAD
    with gzip.GzipFile(fileobj=io.BytesIO(parcel)) as file:
        while True:
            try:
                chunk = file.read(_CHUNK)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise BadParcel(f"it is garbled: {error}") from None
            if not chunk:
                break
            limit -= len(chunk)
            if limit < 0:
                raise BadParcel(_too_large(limit_mb))
            archive.write(chunk)
    archive.seek(0)


def _extract(archive: IO[bytes], folder: Path, limit_mb: float) -> None:
    seen, folders, left = {"."}, {"."}, limit_mb * 2**20
    try:
        with tarfile.open(fileobj=archive, mode="r:", errorlevel=2) as tar:
            for count, member in enumerate(tar, 1):
                if count > MEMBERS:
                    raise BadParcel(f"it has more than {MEMBERS} files")
                name = _checked(member, folder)
                left -= member.size
                if left < 0:
                    raise BadParcel(_too_large(limit_mb))
                if name in seen or str(PurePosixPath(name).parent) not in folders:
                    raise BadParcel(f"{name!r} is in it twice, or without its folder")
                seen.add(name)
                if member.isdir():
                    folders.add(name)
                _write(tar, member, folder / name)
    except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
        raise BadParcel(f"it is garbled: {error}") from None


def _checked(member: tarfile.TarInfo, folder: Path) -> str:
    """The member's name. Raises BadParcel for what no honest worker sends."""
    name = member.name
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise BadParcel(f"{name!r} is neither a file nor a folder")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise BadParcel(f"{name!r} is outside of the folder")
    if len(name) > _LONGEST or any(len(os.fsencode(part)) > 255 for part in parts):
        raise BadParcel(f"the name {name[:60]!r}... is too long")
    if hasattr(tarfile, "data_filter"):  # not in the first releases of 3.11
        try:
            tarfile.data_filter(member, str(folder))
        except tarfile.FilterError as error:
            raise BadParcel(f"{name!r}: {error}") from None
    return str(PurePosixPath(name))


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir()
        return
    content = tar.extractfile(member)
    assert content is not None  # it is a regular file
    with content, path.open("xb") as file:
        shutil.copyfileobj(content, file, _CHUNK)


def _too_large(limit_mb: float) -> str:
    return f"it is larger than {limit_mb:g} MB"
