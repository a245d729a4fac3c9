"""What is missing is named with its fix: the engine, the right to use it, root, debootstrap."""

from __future__ import annotations

import platform
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.errors import EnvironmentFault, MissingPrerequisite
from harness.images import base, engine, process, recipe

MINE = {uname: debian for debian, uname in recipe.ARCHITECTURES.items()}.get(platform.machine(), "amd64")


@pytest.mark.parametrize("command", [["build"], ["build", "--offline"], ["list"], ["remove"]])
def test_no_engine(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such")
    assert main(["image", *command]) == 6
    said = capsys.readouterr()
    assert said.out == ""
    for part in ("unix:///no/such", "No such file", "fix:", "start", "DOCKER_HOST"):
        assert part in said.err


def test_an_address_that_is_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DOCKER_HOST", "/var/run/docker.sock")
    assert main(["image", "list"]) == 4
    assert "fix: write it like unix:///" in capsys.readouterr().err


def test_an_engine_that_has_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(tmp_path / "s"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
    with pytest.raises(MissingPrerequisite, match="Connection refused"):
        engine.connect()


def test_something_that_is_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        threading.Thread(target=_hang_up, args=(server,), daemon=True).start()
        with pytest.raises(MissingPrerequisite, match="no Docker Engine answers"):
            engine.connect()


def _hang_up(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return  # the test is over


def test_no_right_to_use_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidden(socket.socket):
        def connect(self, address: Any) -> None:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(engine.socket, "socket", Forbidden)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with pytest.raises(MissingPrerequisite, match=r"unix:///var/run/docker\.sock\n  fix: usermod -aG docker"):
        engine.connect()


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.os, "geteuid", lambda: 1000)
    with pytest.raises(MissingPrerequisite, match=r"needs root.*\n  fix: run it as root"):
        base.require_offline(MINE)


def test_no_debootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for tool in ("unshare", "setpriv", "tar"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool, path=process.tool_path())))
    monkeypatch.setattr(base.os, "geteuid", lambda: 0)
    monkeypatch.setattr(process, "tool_path", lambda: str(tmp_path))
    with pytest.raises(
        MissingPrerequisite, match=r"needs debootstrap.*\n  fix: apt-get install debootstrap$"
    ):
        base.require_offline(MINE)


def test_an_engine_on_another_kind_of_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.os, "geteuid", lambda: 0)
    monkeypatch.setattr(process, "require_tools", lambda packages: None)
    other = next(name for name in recipe.ARCHITECTURES if name != MINE)
    with pytest.raises(MissingPrerequisite, match=f"engine's machine is {other}"):
        base.require_offline(other)


def test_a_program_that_fails_is_named_with_its_last_lines() -> None:
    with pytest.raises(EnvironmentFault, match=r"failed \(3\):\n2\n(.\n)*9\n  fix: mend it") as raised:
        process.run(["sh", "-c", "seq 1 9; exit 3"], 10, fix="mend it")
    assert "\n1\n" not in str(raised.value)


def test_a_program_that_hangs_is_killed_with_its_children() -> None:
    started = time.monotonic()
    with pytest.raises(EnvironmentFault, match=r"did not end within 0\.2 s"):
        process.run(["sh", "-c", "sleep 1000 & sleep 1000"], 0.2, fix="mend it")
    assert time.monotonic() - started < 5
