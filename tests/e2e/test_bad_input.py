"""Bad input: one clear error, the documented exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.e2e.conftest import SPLITBRAIN, Splitbrain, clean_environment


def is_one_clear_error(text: str, *says: str) -> None:
    assert "Traceback" not in text
    for said in says:
        assert said in text, text


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["run", "rfat"], "did you mean 'raft'"),
        (["run", "raft", "-n", "partitoin"], "partition"),
        (["run", "raft", "-n", "partition:nowhere"], "nowhere"),
        (["run", "raft", "-o", "colour=red"], "-o colour"),
        (["run", "raft", "-o", "election_ms=soon"], "election_ms"),
        (["run", "raft", "-o", "mode"], "key=value"),
        (["run", "raft", "-w", "registr"], "did you mean 'register'"),
        (["run", "raft", "--nodes", "0"], "--nodes"),
        (["run", "raft", "--nodes", "many"], "--nodes"),
        (["run", "raft", "--time", "soon"], "--time"),
        (["run", "raft", "--tiem", "3s"], "--time"),
        (["rnu", "raft"], "did you mean 'run'"),
        (["run"], "SYSTEM"),
        (["run", "nowhere.py:Mine"], "no such file"),
        (["run", "raft", "--runs", "/proc/runs"], "--runs"),
        (["replay", "nowhere"], "nowhere"),
        (["check", "nowhere"], "nowhere"),
        (["show", "nothing-like-it"], "nothing"),
        (["list", "sytems"], "systems"),
    ],
)
def test_wrong_names_flags_and_folders(
    splitbrain: Splitbrain, args: list[str], says: str, tmp_path: Path
) -> None:
    ended = splitbrain(*args)
    assert ended.code == 4, ended.err
    is_one_clear_error(ended.err, says)
    assert not list(tmp_path.glob("runs/*")), "nothing is left behind"


HEADER = '{"type":"history","version":1,"clock":"monotonic-ns","meta":{"workload":"register"}}'
CALL = '{"type":"invoke","process":0,"time":10,"f":"write","key":"a","value":1}'
RETURN = '{"type":"complete","process":0,"time":20,"outcome":"ok"}'


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], ("empty",)),
        (["hello"], (":1:",)),
        ([HEADER.replace('"version":1', '"version":99')], (":1:", "99")),
        ([HEADER, CALL, "{"], (":3:",)),
        ([HEADER, RETURN], (":2:",)),
        ([HEADER, CALL, RETURN.replace("20", "5")], (":3:",)),
        ([HEADER, CALL, CALL], (":3:",)),
        ([HEADER, CALL.replace("value", "valeu")], (":2:", "value")),
        ([HEADER, CALL, "[" * 100_000], (":3:",)),
    ],
)
def test_a_bad_history_is_named_with_its_line(
    splitbrain: Splitbrain, tmp_path: Path, lines: list[str], says: tuple[str, ...]
) -> None:
    (tmp_path / "history.jsonl").write_text("".join(line + "\n" for line in lines))
    ended = splitbrain("check", "history.jsonl")
    assert ended.code == 4, ended.err
    is_one_clear_error(ended.err, "history.jsonl", *says)


def test_a_history_that_is_cut_in_the_middle_of_a_line_is_judged_and_the_loss_reported(
    splitbrain: Splitbrain, tmp_path: Path
) -> None:
    (tmp_path / "history.jsonl").write_text("\n".join([HEADER, CALL, RETURN, CALL[:30]]))
    ended = splitbrain("check", "history.jsonl")
    assert ended.code == 0, ended.err
    is_one_clear_error(ended.err, "dropped", "4")


SYSTEM = """
    import sys
    from systems.api import NodeSpec

    NODE = '''%s'''

    class Mine:
        def node(self, ctx):
            return NodeSpec((sys.executable, "-c", NODE, ctx.address), ports=(7000,))

        def client(self, ctx):
            return Client()

    class Client:
        async def open(self): ...
        async def invoke(self, op): return 1
        async def close(self): ...
"""


def failing(
    splitbrain: Splitbrain, tmp_path: Path, source: str, *flags: str
) -> tuple[int, str, dict[str, object]]:
    (tmp_path / "mine.py").write_text(dedent(source))
    ended = splitbrain("run", "mine.py:Mine", "--nodes", "2", "--time", "2s", *flags)
    [folder] = tmp_path.glob("runs/*")
    assert "Traceback" not in ended.err
    return ended.code, ended.out, json.loads((folder / "card.json").read_text())


def test_a_node_that_dies_at_start(splitbrain: Splitbrain, tmp_path: Path) -> None:
    code, out, card = failing(splitbrain, tmp_path, SYSTEM % "import sys; sys.exit('no licence found')")
    assert code == 3
    assert "setup failed" in out
    assert "no licence found" in out
    assert card["outcome"] == "failed"


def test_a_node_that_never_becomes_ready(splitbrain: Splitbrain, tmp_path: Path) -> None:
    source = SYSTEM % "import signal; print('thinking', flush=True); signal.pause()"
    code, out, _ = failing(splitbrain, tmp_path, source, "--ready-timeout", "2s")
    assert code == 3
    assert "setup failed" in out
    assert "7000" in out


def test_a_port_that_is_taken(splitbrain: Splitbrain, tmp_path: Path) -> None:
    # Taken by a socket that does not listen: one that did could be found ready before the node dies.
    node = (
        "import socket, sys; s = socket.socket(); s.bind((sys.argv[1], 7000)); "
        "socket.create_server((sys.argv[1], 7000))"
    )
    code, out, _ = failing(splitbrain, tmp_path, SYSTEM % node)
    assert code == 3
    assert "Address already in use" in out


def test_node_returns_something_else(splitbrain: Splitbrain, tmp_path: Path) -> None:
    source = (SYSTEM % "").replace("return NodeSpec(", "return dict(argv=")
    code, out, _ = failing(splitbrain, tmp_path, source)
    assert code == 4, out
    assert "mine.py:" in out


def test_a_node_that_dies_in_mid_run(splitbrain: Splitbrain, tmp_path: Path) -> None:
    node = (
        "import socket, sys, threading; s = socket.create_server((sys.argv[1], 7000)); "
        "threading.Event().wait(1.5); sys.exit('out of licences')"
    )
    code, _, card = failing(splitbrain, tmp_path, SYSTEM % node, "--time", "4s")
    assert code in (1, 3), "what its clients saw may already be a violation"
    assert "out of licences" in " ".join(card["reasons"])  # type: ignore[arg-type]


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    runs = tmp_path / "runs"
    runs.mkdir()
    command = shlex.join([*SPLITBRAIN, "run", "raft", "--nodes", "3", "--rate", "0", "--time", "20s"])
    script = f"mount -t tmpfs -o size=400k tmpfs {shlex.quote(str(runs))} && exec {command}"
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=clean_environment(),
    )
    assert ended.returncode == 3, ended.stdout + ended.stderr
    is_one_clear_error(ended.stderr, "No space left on device")
    assert "workload failed" in ended.stdout
    assert not re.search(r"(?<![\d,])0 ok", ended.stdout), "what reached the disk before is judged and shown"


def test_client_answers_something_else(splitbrain: Splitbrain, tmp_path: Path) -> None:
    node = "import socket, sys, signal; s = socket.create_server((sys.argv[1], 7000)); signal.pause()"
    source = (SYSTEM % node).replace("return 1", "return {op.f}")
    code, out, _ = failing(splitbrain, tmp_path, source)
    assert code == 4
    assert "mine.py:" in out
    assert "workload failed" in out
