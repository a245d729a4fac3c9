"""Entering namespaces: exit codes, signals, refusals, and that nothing is left behind, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.deploy import namespaces
from harness.deploy.processes import network_of, send, stat_of
from harness.errors import EXIT_FAILED, EXIT_PREREQUISITE, MissingPrerequisite
from tests.harness.deploy.fake import eventually
from tests.harness.deploy.inside import ENTERING, ROOT, run_inside

CLUSTER = """
import sys, signal
from pathlib import Path
from tests.harness.deploy.fake import local, EchoSystem
with local(Path(sys.argv[1]), 3, EchoSystem({"n1": "daemon", "n2": "stubborn"})) as cluster:
    client = cluster.client_process(["sleep", "1000"])
    print("ready", flush=True)
    signal.pause()
"""
COUNTING = """
import signal, sys, time
got = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda n, _: got.append(n))
print("ready", flush=True)
for wanted in range(1, 3):
    while len(got) < wanted: signal.sigtimedwait([], 0.01)
    print("got", got, flush=True)
sys.stdin.readline()
sys.exit(len(got))
"""


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts outer processes, each in a process group of its own as a shell would; none outlives its test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*argv: str, path: str = "") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, ENTERING, *argv],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path + os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            send(signal.SIGKILL, [*descendants(process.pid), process.pid])
            process.communicate(timeout=10)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, nearest first."""
    parents = {s.pid: s.parent for s in map(stat_of, _pids()) if s}
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found[1:]


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def test_the_exit_code_and_the_output_come_through() -> None:
    done = run_inside("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert run_inside("sh", "-c", "kill -9 $$").returncode == 128 + 9
    missing = run_inside("no-such-command")
    assert (missing.returncode, missing.stderr) == (
        127,
        "splitbrain: cannot start no-such-command: No such file or directory\n",
    )


def test_inside_is_another_world_and_knows_it() -> None:
    text = (
        "import os; from harness.deploy.namespaces import is_inside, mode;"
        "print(is_inside(), mode(), len([p for p in os.listdir('/proc') if p.isdigit()]), os.listdir('/run'))"
    )
    done = run_inside(sys.executable, "-c", text, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout == "True user 2 []\n", done.stderr
    links = run_inside("ip", "-brief", "link").stdout
    assert links.split()[:2] == ["lo", "UNKNOWN"]  # what an interface without carrier that is up is called
    assert "UP" in links


def test_a_marker_that_leaked_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not namespaces.is_inside()
    monkeypatch.setenv(namespaces.INSIDE, f"user:{os.stat('/proc/self/ns/net').st_ino}")
    assert not namespaces.is_inside()


def test_orphans_are_reaped_and_exit_codes_kept() -> None:
    text = (
        "import os, subprocess, time\n"
        "subprocess.run(['sh', '-c', 'sleep 0.05 & sleep 0.01 & exit 0'])\n"
        "child = subprocess.Popen(['sh', '-c', 'exit 9'])\n"
        "while len([p for p in os.listdir('/proc') if p.isdigit()]) > 3: time.sleep(0.01)\n"
        "print(child.wait())"
    )
    assert run_inside(sys.executable, "-c", text, timeout_s=20).stdout == "9\n"


def test_a_signal_is_delivered_once_each_also_from_the_terminal(start: Start) -> None:
    process = start(sys.executable, "-c", COUNTING)
    assert line_of(process) == "ready"
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does it
    assert line_of(process) == "got [2]"
    os.kill(process.pid, signal.SIGTERM)
    assert line_of(process) == "got [2, 15]"
    process.communicate("\n", timeout=10)
    assert process.returncode == 2


def test_a_signal_that_comes_early_is_not_lost(start: Start) -> None:
    process = start("sleep", "1000")
    # The outer process handles signals as soon as its child runs; the inside may be anywhere by then.
    eventually(lambda: bool(descendants(process.pid)), "started")
    eventually(lambda: _handles(process.pid, signal.SIGTERM), "the outer process handles signals")
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM


def _handles(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("victim", ["outer", "unshare", "process 1", "controller"])
def test_sigkill_of_anyone_leaves_nothing(start: Start, tmp_path: Path, victim: str) -> None:
    process = start(sys.executable, "-c", CLUSTER, str(tmp_path / "run"))
    assert line_of(process) == "ready"
    # The controller's, three nodes', the clients': the last to be entered, just now.
    eventually(lambda: len(inodes_of(descendants(process.pid))) == 5, "five namespaces")
    below = descendants(process.pid)
    inodes = inodes_of(below)
    assert len(below) >= 3 + 4 + 1  # with a daemon and a client
    order = ["outer", "unshare", "process 1", "controller"]
    assert "init.py" in Path(f"/proc/{below[1]}/cmdline").read_text()
    os.kill([process.pid, *below][order.index(victim)], signal.SIGKILL)
    eventually(lambda: not any(_alive(pid) for pid in below), f"all of {below} dead")
    process.communicate(timeout=10)
    expected = {"outer": -9, "controller": 128 + 9}
    assert process.returncode == expected.get(victim, EXIT_FAILED)
    seen = subprocess.run(["lsns", "-n", "-o", "NS"], capture_output=True, text=True, check=True).stdout
    assert not inodes & set(map(int, seen.split()))
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert "splitbrain" not in links
    assert "cable" not in links
    assert "netns/n1" not in Path("/proc/self/mountinfo").read_text()


@pytest.mark.parametrize("alone", ["parent-death signals", "lifeline"])
def test_either_safeguard_is_enough_when_the_outer_process_dies(
    start: Start, tmp_path: Path, alone: str
) -> None:
    setpriv = tmp_path / "setpriv"
    setpriv.write_text('#!/bin/sh\nshift 2; exec "$@"\n')
    setpriv.chmod(0o755)
    process = start("sleep", "1000", path=f"{tmp_path}:" if alone == "lifeline" else "")
    eventually(lambda: len(descendants(process.pid)) == 3, "the command runs")
    below = descendants(process.pid)
    if alone == "parent-death signals":
        os.kill(below[1], signal.SIGSTOP)  # process 1 looks at nothing any more
    process.kill()
    eventually(lambda: not any(_alive(pid) for pid in below), f"all of {below} dead ({alone})")
    process.communicate(timeout=10)


def inodes_of(pids: list[int]) -> set[int | None]:
    """The network namespaces, other than our own, that the processes are in."""
    return {network_of(pid) for pid in pids} - {network_of(os.getpid()), None}


def _alive(pid: int) -> bool:
    stat = stat_of(pid)
    return stat is not None and stat.state not in "ZX"


def test_missing_tools_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "TOOLS", {"no-such-nft": "nftables", "unshare": "util-linux"})
    with pytest.raises(MissingPrerequisite, match=r"no-such-nft(.|\n)*apt-get install nftables$"):
        namespaces.enter(["true"])


def fake_unshare(folder: Path, refuse: str) -> str:
    """A PATH whose unshare refuses when its arguments match the shell pattern `refuse`."""
    script = folder / "unshare"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in {refuse}) echo "unshare: not permitted" >&2; exit 1;; esac\n'
        'exec /usr/bin/unshare "$@"\n'
    )
    script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_where_namespaces_are_refused_it_says_how_to_allow_them(tmp_path: Path) -> None:
    done = run_inside("true", env={"PATH": fake_unshare(tmp_path, "*")})
    assert done.returncode == EXIT_PREREQUISITE
    assert "unshare: not permitted" in done.stderr
    assert "kernel.unprivileged_userns_clone" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may do without a user namespace")
def test_root_does_without_user_namespaces_if_they_are_refused(tmp_path: Path) -> None:
    text = "from harness.deploy.namespaces import mode; print(mode())"
    env = {"PATH": fake_unshare(tmp_path, "*--user*"), "PYTHONPATH": str(ROOT)}
    done = run_inside(sys.executable, "-c", text, env=env)
    assert done.stdout == "plain\n", done.stderr


ORDINARY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_gets_a_whole_cluster(tmp_path_factory: pytest.TempPathFactory) -> None:
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1"}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = next((p for p in (sys.executable, f"/usr/bin/{version}") if _usable(p, env)), None)
    if python is None:
        pytest.skip(f"an ordinary user can run neither {sys.executable} nor /usr/bin/{version}")
    text = (
        "import sys, tempfile\nfrom pathlib import Path\n"
        "from nemeses.faults import Kill, Partition, Link\n"
        "from tests.harness.deploy.fake import local, connect\n"
        "with tempfile.TemporaryDirectory() as folder, local(Path(folder), 2) as cluster:\n"
        "    cut = Partition((Link('n1', 'n2'),), 'x')\n"
        "    print(cluster.apply(cut).status, connect(cluster, 'n1', cluster.addresses['n2'], 0.2))\n"
        "    print(cluster.undo(cut).status, cluster.apply(Kill(('n1',))).status, cluster.place)\n"
    )
    done = subprocess.run(
        [*ORDINARY, python, ENTERING, python, "-c", text],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == (
        "installed TimeoutError\ninstalled installed network namespaces on this machine (user mode)\n"
    ), done.stderr


def _usable(python: str, env: dict[str, str]) -> bool:
    # Twice: what root's privileges still allow to the first program is denied to the second.
    argv = [*ORDINARY, "env", python, "-c", "import msgspec"]
    return subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, check=False).returncode == 0
