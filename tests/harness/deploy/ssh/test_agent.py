"""The agent, asked on this machine: a node's life under its keeper, claims, leaving nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.deploy.ssh.agent import node as nodes
from harness.deploy.ssh.agent.processes import born, stat_of
from harness.deploy.ssh.packed import agent_file
from tests.harness.deploy.fake import eventually

SOURCE = Path()
# Processes are found by it on the whole machine, where another worker of pytest may be at the same test.
RUN = f"run{os.getpid()}"
FORKS = "import os, signal\nif os.fork() == 0: os.setsid()\nsignal.pause()"


@pytest.fixture(autouse=True, scope="module")
def _packed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As it is brought to a host."""
    global SOURCE
    SOURCE = tmp_path_factory.mktemp("agent") / "agent.pyz"
    SOURCE.write_bytes(agent_file())


def asked(verb: str, **given: Any) -> Any:
    """The whole answer."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SOURCE), verb],
        input=json.dumps(given).encode(),
        capture_output=True,
        timeout=20,
        check=True,
    )
    return json.loads(done.stdout)


def ask(verb: str, **given: Any) -> Any:
    answer = asked(verb, **given)
    assert "ok" in answer, answer
    return answer["ok"]


@pytest.fixture
def base(tmp_path: Path) -> Any:
    """A host's folder; whatever is left of the run is ended."""
    folder = tmp_path / "base"
    assert ask("claim", base=str(folder), run=RUN, maker="me") is None
    (folder / "runs" / RUN / "n1").mkdir()
    yield folder
    asked("release", base=str(folder), run=RUN)


def node(base: Path, code: str, turn: int = 1) -> dict[str, Any]:
    home, mark = str(base / "runs" / RUN / "n1"), f"{RUN}/n1"
    return {"home": home, "mark": mark, "argv": [sys.executable, "-c", code], "env": {}, "turn": turn}


def of(command: dict[str, Any]) -> dict[str, Any]:
    return {"home": command["home"], "mark": command["mark"]}


def states(command: dict[str, Any]) -> list[str]:
    found = ask("status", home=command["home"])
    return sorted(stat[0] for pid in nodes.of_node(found, command["mark"]) if (stat := stat_of(pid)))


def test_a_node_outlives_whoever_started_it_and_dies_with_its_children(base: Path) -> None:
    command = node(base, FORKS)
    begun = ask("start", **command)
    assert begun["code"] is None
    eventually(lambda: states(command) == ["S", "S"], "it has forked")
    assert ask("start", **command)["pid"] == begun["pid"]  # asked again, as its answer was lost
    assert ask("pause", **of(command), still=True)["done"]
    assert states(command) == ["T", "T"]
    assert ask("pause", **of(command), still=False)["done"]
    killed = ask("kill", **of(command))
    assert (killed["code"], killed["left"], len(killed["killed"])) == (-signal.SIGKILL, [], 2)
    assert states(command) == []
    again = ask("start", **node(base, FORKS, turn=2))
    assert (again["turn"], again["code"]) == (2, None)


def test_an_orphan_that_forgot_its_environment_is_adopted(base: Path) -> None:
    code = (
        "import os, signal\n"
        "if os.fork() == 0:\n"
        " if os.fork() == 0: os.setsid(); os.execve('/bin/sleep', ['sleep', '60'], {})\n"
        " os._exit(0)\n"
        "os.wait(); signal.pause()"
    )
    command = node(base, code)
    ask("start", **command)
    eventually(lambda: states(command) == ["S", "S"], "the node and its orphan")
    assert len(ask("kill", **of(command))["killed"]) == 2
    assert states(command) == []


def test_a_child_whose_parent_and_keeper_are_gone_is_found_by_its_mark(base: Path) -> None:
    command = node(base, FORKS)
    begun = ask("start", **command)
    eventually(lambda: states(command) == ["S", "S"], "it has forked")
    os.kill(begun["keeper"], signal.SIGKILL)
    os.kill(begun["pid"], signal.SIGKILL)
    eventually(lambda: states(command) == ["S"], "the child alone")
    assert ask("status", home=command["home"])["code"] == -signal.SIGKILL
    assert ask("kill", **of(command))["left"] == []
    assert states(command) == []


@pytest.mark.parametrize(("code", "ends"), [("import sys; sys.exit(7)", 7), ("import os; os.abort()", -6)])
def test_how_it_ended_is_written_down(base: Path, code: str, ends: int) -> None:
    command = node(base, code)
    ask("start", **command)
    eventually(lambda: ask("status", home=command["home"])["code"] == ends, "its end")


def test_what_it_writes_is_in_files_and_what_cannot_be_started_is_said(base: Path) -> None:
    command = node(base, "import sys; print('out'); print('err', file=sys.stderr)")
    ask("start", **command)
    eventually(lambda: ask("status", home=command["home"])["code"] == 0, "its end")
    assert Path(command["home"], "stdout.log").read_text() == "out\n"
    assert Path(command["home"], "stderr.log").read_text() == "err\n"
    answer = asked("start", **{**command, "argv": ["no-such-program"], "turn": 2})
    assert answer == {"error": "no-such-program cannot be started: No such file or directory"}


def test_asked_to_end_it_may_say_goodbye(base: Path) -> None:
    code = (
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\n"
        "print(1, flush=True)\nsignal.pause()"
    )
    command = node(base, code)
    ask("start", **command)
    eventually(lambda: Path(command["home"], "stdout.log").read_text() == "1\n", "it is ready")
    ended = ask("end", **of(command), grace_s=5.0)
    assert (ended["code"], ended["left"]) == (5, [])


def test_a_host_is_taken_once_and_given_back_empty(base: Path) -> None:
    command = node(base, FORKS)
    ask("start", **command)
    assert ask("claim", base=str(base), run=RUN, maker="me") is None  # the answer was lost
    theirs = json.loads(ask("claim", base=str(base), run="run2", maker="other"))
    assert (theirs["run"], theirs["maker"]) == (RUN, "me")
    assert theirs["silent_s"] < 60
    removed = ask("release", base=str(base), run=RUN)
    assert removed[0].endswith("processes")
    assert states(command) == []
    assert not base.exists()
    assert ask("leftovers", base=str(base)) is None


def test_a_node_that_was_never_started_has_no_processes(base: Path) -> None:
    command = node(base, FORKS)
    assert nodes.of_node(ask("status", home=command["home"]), command["mark"]) == []
    assert ask("kill", **of(command))["killed"] == []


def test_a_number_that_is_a_strangers_by_now_is_not_the_keepers(base: Path) -> None:
    begun = ask("start", **node(base, FORKS))
    with subprocess.Popen(["sleep", "60"]) as ours:
        stranger = {**begun, "keeper": os.getpid()}
        assert ours.pid not in nodes.of_node(stranger, "another/mark")
        assert ours.pid in nodes.of_node({**stranger, "born": born(os.getpid())}, "another/mark")
        ours.kill()


def test_a_run_that_is_kept_loses_its_claim_alone(base: Path) -> None:
    ask("release", base=str(base), run=RUN, keep=True)
    assert (base / "runs" / RUN).is_dir()
    assert ask("leftovers", base=str(base)) is None


def test_following_sends_what_files_gain_and_how_the_node_is(base: Path) -> None:
    command = node(base, "import signal; print('hello', flush=True); signal.pause()")
    ask("start", **command)
    log = Path(command["home"], "stdout.log")
    eventually(lambda: log.exists() and log.read_text() == "hello\n", "its word")
    asks = {"home": command["home"], "offsets": {str(log): 2}, "claim": str(base / "claim"), "once": True}
    os.utime(base / "claim", (0, 0))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SOURCE), "follow"],
        input=json.dumps(asks).encode() + b"\n",
        capture_output=True,
        timeout=20,
        check=True,
    )
    header, _, rest = done.stdout.partition(b"\n")
    assert json.loads(header) == {"path": str(log), "size": 4}
    assert rest[:4] == b"llo\n"
    assert json.loads(rest[4:])["status"]["code"] is None
    assert time.time() - (base / "claim").stat().st_mtime < 60  # the run was heard of
