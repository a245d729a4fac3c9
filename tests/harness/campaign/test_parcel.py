"""Run folders as bytes, and what a hostile machine may send in their place."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from harness.campaign import parcel
from harness.campaign.parcel import BadParcel, packed, unpacked


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def hostile(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def test_there_and_back(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "nodes" / "n1" / "empty").mkdir(parents=True)
    (folder / "result.json").write_bytes(b"{}")
    (folder / "nothing").write_bytes(b"")
    (folder / "nodes" / "n1" / "log").write_bytes(os.urandom(100_000))
    (folder / ("long" * 50)).write_bytes(b"x")
    (folder / "ünïcode and spaces").write_bytes(b"y")
    there = contents(folder)
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "nodes" / "folder-link").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    sent = packed(folder, 1)
    for back in (tmp_path / "a" / "back", tmp_path / "empty"):
        if back.name == "empty":
            back.mkdir()
        unpacked(sent, back, 1)
        assert contents(back) == there
        assert not list(back.parent.glob(".*"))


def test_an_empty_folder_travels(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    unpacked(packed(tmp_path / "run", 1), tmp_path / "back", 1)
    assert contents(tmp_path / "back") == {}


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "mine").write_text("mine")
    with pytest.raises(OSError, match="not empty"):
        unpacked(packed(tmp_path / "run", 1), tmp_path / "back", 1)
    assert contents(tmp_path / "back") == {"mine": b"mine"}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (hostile((member("/tmp/evil"), b"x")), "outside of the folder"),
        (hostile((member("//evil"), b"x")), "outside of the folder"),
        (hostile((member("../evil"), b"x")), "outside of the folder"),
        (hostile((member("a", tarfile.DIRTYPE), b""), (member("a/../../evil"), b"x")), "outside"),
        (hostile((member("."), b"x")), "outside of the folder"),
        (hostile((member("link", tarfile.SYMTYPE, "/etc/passwd"), b"")), "neither a file nor a folder"),
        (hostile((member("link", tarfile.LNKTYPE, "result.json"), b"")), "neither a file nor a folder"),
        (hostile((member("null", tarfile.CHRTYPE), b"")), "neither a file nor a folder"),
        (hostile((member("pipe", tarfile.FIFOTYPE), b"")), "neither a file nor a folder"),
        (hostile((member("a"), b"x"), (member("a"), b"y")), "twice"),
        (hostile((member("a"), b"x"), (member("a/b"), b"y")), "without its folder"),
        (hostile((member("missing/b"), b"y")), "without its folder"),
        (hostile((member("x" * 300), b"y")), "too long"),
        (hostile((member("a"), b"x" * (2 << 20))), "larger than 1 MB"),
        (gzip.compress(b"\0" * (64 << 20)), "larger than 1 MB"),
        (gzip.compress(b"no archive" * 100), "garbled"),
        (hostile((member("a"), os.urandom(50_000)))[:-20_000], "garbled"),
        (b"", "garbled"),
        (b"no parcel", "garbled"),
    ],
)
def test_a_bad_parcel_is_refused_and_leaves_nothing(tmp_path: Path, sent: bytes, said: str) -> None:
    room = tmp_path / "room"
    room.mkdir()
    with pytest.raises(BadParcel, match=said):
        unpacked(sent, room / "back", 1)
    assert list(tmp_path.rglob("*")) == [room]


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    for number in range(4):
        (tmp_path / "run" / str(number)).touch()
    sent = packed(tmp_path / "run", 1)
    monkeypatch.setattr(parcel, "MEMBERS", 3)
    for use in (lambda: packed(tmp_path / "run", 1), lambda: unpacked(sent, tmp_path / "back", 1)):
        with pytest.raises(BadParcel, match="more than 3 files"):
            use()


def test_what_is_too_large_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadParcel, match="larger than 1 MB"):
        packed(tmp_path / "run", 1)


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_bytes(b"x")
    sent = packed(tmp_path / "run", 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parcel.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        unpacked(sent, tmp_path / "back", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
