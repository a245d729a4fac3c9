"""The node program: what it refuses and how it says so, how it ends, and what it never imports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from systems import nodes, registry
from systems.arguments import parse
from systems.core import Effect, Event, Start
from systems.raft.core import RaftCore
from systems.raft.system import Raft
from tests.systems.shells.peers import free_port


def flags(folder: Path, **changed: str | None) -> list[str]:
    """A good command line, with some flags changed or (None) left out."""
    good: dict[str, str | None] = {
        "name": "n1",
        "members": "n1=127.0.0.1",
        "port": str(free_port()),
        "data": str(folder / "data"),
        "log": str(folder / "n1.jsonl"),
        "seed": "1",
    }
    pairs = {**good, **changed}
    return ["raft", *(x for key, value in pairs.items() if value is not None for x in (f"--{key}", value))]


def events(folder: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in (folder / "n1.jsonl").read_text().splitlines()]


def ready(folder: Path) -> list[Mapping[str, Any]]:
    """The `ready` events so far."""
    exists = (folder / "n1.jsonl").exists()
    return [event for event in events(folder) if event["event"] == "ready"] if exists else []


@pytest.fixture(autouse=True)
def _unchanged_interpreter() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "n2"}, "unknown node name 'n2' (known: n1)"),
        ({"members": "n1"}, "'n1' is not NAME=ADDRESS"),
        ({"members": "n1=127.0.0.1,n1=127.0.0.2"}, "the name 'n1' stands there twice"),
        ({"members": "n1=localhost"}, "'localhost', the address of n1, is no IP address"),
        ({"port": "0"}, "'0' is no port number from 1 to 65535"),
        ({"port": "http"}, "'http' is no port number"),
        ({"seed": "x"}, "invalid int value: 'x'"),
        ({"data": None}, "required: --data"),
    ],
)
def test_wrong_flags_are_one_line_and_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str | None], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        nodes.main(flags(tmp_path, **changed))
    assert ended.value.code == 4
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["-o", "electon_ms=1"], "unknown option 'electon_ms'; did you mean 'election_ms'?"),
        (["-o", "election_ms"], "'election_ms' is not KEY=VALUE"),
        (["-o", "election_ms=soon"], "option election_ms='soon' must be a whole number from"),
        (["--frob"], "unrecognized arguments: --frob"),
    ],
)
def test_wrong_options_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: Sequence[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*flags(tmp_path), *more])
    assert ended.value.code == 4
    assert message in capsys.readouterr().err


def test_an_unknown_system_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        parse(["raff", *flags(tmp_path)[1:]])
    assert "unknown system 'raff'; did you mean 'raft'?" in capsys.readouterr().err


def test_a_taken_port_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert nodes.main(flags(tmp_path, port=str(port))) == 3
    assert f"port {port} on 127.0.0.1 is taken by another process" in capsys.readouterr().err


def test_an_address_of_another_machine_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nodes.main(flags(tmp_path, members="n1=192.0.2.1")) == 3
    assert "cannot listen on 192.0.2.1" in capsys.readouterr().err


def test_a_data_directory_that_cannot_be_used_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert nodes.main(flags(tmp_path, data=str(tmp_path / "file" / "data"))) == 3
    said = capsys.readouterr().err
    assert "cannot use the data directory" in said
    assert said.count("\n") == 1


def test_a_damaged_log_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "wal").write_bytes(b"something else")
    assert nodes.main(flags(tmp_path)) == 3
    assert "no write-ahead log" in capsys.readouterr().err


class Exploding:
    """A core with a defect."""

    message_type = record_type = int
    command_type = RaftCore.command_type

    def __init__(self, config: object, records: object) -> None:
        """Nothing."""

    def step(self, event: Event) -> list[Effect]:
        assert event != Start(), "the defect"
        return []


def test_a_core_that_raises_leaves_its_traceback_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = registry.Entry(core=f"{__name__}:Exploding", plugin="systems.raft.system:Raft")
    monkeypatch.setattr(registry, "ENTRIES", {"raft": place})
    assert nodes.main(flags(tmp_path)) == 1
    assert "raft node n1: the core raised AssertionError('the defect" in capsys.readouterr().err
    crash = events(tmp_path)[-1]
    assert crash["event"] == "crash"
    assert "in step" in crash["traceback"]


def test_a_node_counts_its_starts_and_stops_when_told(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "systems", *flags(tmp_path)]
    for boot in (1, 2):
        with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as node:
            while len(ready(tmp_path)) < boot:
                assert node.poll() is None
            node.send_signal(signal.SIGTERM)
            assert node.communicate(timeout=10)[1] == ""
        assert node.returncode == 0
        assert events(tmp_path)[-1]["event"] == "stop"
    assert [e["boot"] for e in events(tmp_path) if e["event"] == "start"] == [1, 2]
    assert {e["port"] for e in ready(tmp_path)} == {int(argv[argv.index("--port") + 1])}


FORBIDDEN = ("harness", "checkers", "reports", "nemeses", "numpy", "pydantic", "click", "rich")


def loaded(code: str) -> set[str]:
    """The top-level modules that are loaded after `code`."""
    code += "\nimport sys; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_node_program_loads_nothing_of_the_harness() -> None:
    code = "import systems.nodes, systems.shells.transport, systems.raft.core, systems.primary_backup.core"
    assert not loaded(code) & set(FORBIDDEN)


def test_the_plug_in_classes_load_no_grpc() -> None:
    assert "grpc" not in loaded("import systems.raft.system, systems.primary_backup.system")


def test_node_argv_is_a_command_line_that_the_node_program_takes(tmp_path: Path) -> None:
    from systems.api import NodeContext

    addresses = {"n1": "10.0.0.1", "n2": "10.0.0.2"}
    options = {"priority": "n1=1,n2=0", "bug": "stale-read"}
    ctx = NodeContext("n2", addresses, "/data/n2", "/log", options, 5, sys.executable)
    spec = Raft().node(ctx)
    assert spec.argv[:3] == (sys.executable, "-m", "systems")
    taken = parse(spec.argv[3:])
    assert (taken.name, taken.members, taken.seed, taken.options) == ("n2", addresses, 5, options)
    assert str(taken.log) in spec.log_files
    assert spec.ports == (taken.port,)
    assert os.fspath(taken.data) == "/data/n2"
