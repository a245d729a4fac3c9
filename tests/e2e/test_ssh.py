"""Runs on machines that are reached by SSH, as a user starts them: verdicts, plans, and what is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.config import configure
from harness.planning import plan_run
from tests.e2e.conftest import ROOT, SPLITBRAIN, Splitbrain, clean_environment
from tests.e2e.test_killed import history_lines, processes_of, wait_for
from tests.ssh_hosts import Machines, machines

FAULTS = ("-n", "partition,kill,pause", "--seed", "7")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(5, tmp_path_factory.mktemp("hosts")) as found:
        yield found


@pytest.fixture
def ssh(there: Machines) -> Iterator[tuple[str, ...]]:
    """The options of the place; nothing may be left when the test is over."""
    before = there.state()
    yield ("--on", "ssh", "--hosts", str(there.hosts_file(user="tester")))
    assert there.state() == before


def test_raft_holds_on_hosts_and_its_leader_is_known(
    splitbrain: Splitbrain, ssh: tuple[str, ...], tmp_path: Path
) -> None:
    ended = splitbrain("run", "raft", *ssh, *FAULTS, "--time", "12s", "--json")
    assert ended.code == 0, ended.err + ended.out
    found = ended.json()
    assert found["card"]["outcome"] == "valid"
    assert found["ok"] > 300
    assert "machines reached by SSH" in found["card"]["environment"]["place"]
    assert f"--on ssh --hosts {ssh[-1]}" in found["card"]["replay"]
    roles = (tmp_path / found["folder"] / "roles.json").read_text()
    assert '"role":"leader"' in roles.replace(" ", "")
    assert re.search(r"kill begins: kill n\d \(leader\)|pause begins: pause n\d \(leader\)", ended.err)


def test_asynchronous_replication_is_caught_with_the_plan_of_a_local_run(
    splitbrain: Splitbrain, ssh: tuple[str, ...]
) -> None:
    asked = ("-o", "mode=async", "--expect", "anomaly", *FAULTS, "--time", "15s")
    ended = splitbrain("run", "primary-backup", *asked, *ssh, "--json")
    assert ended.code == 0, ended.err + ended.out
    card = ended.json()["card"]
    assert card["outcome"] == "anomaly"
    local = configure(
        {
            "system": "primary-backup",
            "options": {"mode": "async"},
            "expect": "anomaly",
            "nemeses": "partition,kill,pause",
            "seed": 7,
            "time_s": 15.0,
        }
    )
    assert card["plan_digest"] == plan_run(local).digest()


def test_a_system_in_a_file_of_its_own_is_brought_along(splitbrain: Splitbrain, ssh: tuple[str, ...]) -> None:
    store = ROOT / "examples" / "tcp_store.py"
    asked = ("run", f"{store}:TcpStore", "--nodes", "1", "--time", "4s", *ssh)
    assert splitbrain(*asked).code == 0
    assert splitbrain(*asked, "-o", "stale=yes").code == 1


def test_keep_leaves_the_folders_and_says_where(splitbrain: Splitbrain, there: Machines) -> None:
    hosts = there.hosts_file(user="tester")
    asked = ("run", "raft", "--nodes", "1", "--time", "2s", "--on", "ssh", "--hosts", str(hosts), "--keep")
    ended = splitbrain(*asked, "--json")
    assert ended.code == 0, ended.err + ended.out
    run = ended.json()["card"]["run_id"]
    kept = f"/var/tmp/splitbrain/runs/{run}"
    assert "n1" in there.run(0, "ls", kept)
    assert any(kept in note for note in ended.json()["card"]["notes"])
    there.run(0, "rm", "-r", "/var/tmp/splitbrain/runs")


def begun(folder: Path, ssh: tuple[str, ...], code: int) -> subprocess.Popen[bytes]:
    """A run on hosts that has done some operations, then got the signal."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [*SPLITBRAIN, "run", "raft", *ssh, "--nodes", "3", *FAULTS, "--time", "60s"],
            cwd=folder,
            env=clean_environment(),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )

    def works() -> bool:
        assert process.poll() is None, (folder / "said").read_text()
        return history_lines(folder) > 200

    wait_for(works, "operations", 60)
    os.kill(process.pid, code)
    return process


def test_interrupted_it_reports_and_leaves_nothing(tmp_path: Path, ssh: tuple[str, ...]) -> None:
    assert begun(tmp_path, ssh, signal.SIGINT).wait(60) == 130
    assert list(tmp_path.glob("runs/*/report.html"))


def test_killed_it_leaves_what_the_doctor_removes(
    tmp_path: Path, splitbrain: Splitbrain, there: Machines, ssh: tuple[str, ...]
) -> None:
    before = there.state()
    assert begun(tmp_path, ssh, signal.SIGKILL).wait(60) == -signal.SIGKILL
    assert there.state() != before
    ended = splitbrain("doctor", *ssh, "--cleanup")
    assert ended.code == 0, ended.err + ended.out
    assert "n1: folder /var/tmp/splitbrain/runs/" in ended.out
    assert there.run(0, "sh", "-c", "ls -A /var/tmp") == ""
    wait_for(lambda: processes_of(tmp_path) == [], "the end of the clients' process")


def test_the_next_run_removes_what_a_killed_one_left(
    tmp_path: Path, splitbrain: Splitbrain, ssh: tuple[str, ...]
) -> None:
    begun(tmp_path, ssh, signal.SIGKILL).wait(60)
    ended = splitbrain("run", "raft", *ssh, "--nodes", "3", "--time", "2s")
    assert ended.code == 0, ended.err + ended.out


def test_a_host_that_another_living_run_has_is_refused(
    tmp_path: Path, splitbrain: Splitbrain, there: Machines, ssh: tuple[str, ...]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    process = subprocess.Popen(
        [*SPLITBRAIN, "run", "raft", *ssh, "--nodes", "1", "--time", "60s"],
        cwd=other,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: history_lines(other) > 20, "operations", 60)
        ended = splitbrain("run", "raft", *ssh, "--nodes", "3", "--time", "2s")
        assert ended.code == 3, ended.err
        assert "n1" in ended.out
        assert "has the run" in ended.out
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--on", "ssh"), "--hosts FILE"),
        (("--hosts", "hosts.toml"), "--on ssh"),
        (("--keep",), "--on ssh"),
        (("--on", "ssh", "--hosts", "no-such-file"), "--hosts no-such-file: No such file"),
    ],
)
def test_what_does_not_fit_is_named(asked: tuple[str, ...], said: str, splitbrain: Splitbrain) -> None:
    ended = splitbrain("run", "raft", "--nodes", "1", "--time", "2s", *asked)
    assert ended.code == 4, ended.err + ended.out
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts = 1", "no [[hosts]]"),
        ("[[hosts]]\nadress = 'x'", "hosts 1 adress: unknown key (did you mean 'address'?)"),
        ("usr = 'x'\n[[hosts]]\naddress = 'x'", "usr: unknown key (did you mean 'user'?)"),
        ("[[hosts]]\naddress = 'x'\nport = 'ssh'", "hosts 1 port"),
        ("[[hosts]]\naddress = 'x'\n[[hosts]]\naddress = 'x'", "hosts 1 and 2 are both x port 22"),
        ("[[hosts]]\naddress = 'x'\nkey = 'no-such-key'", "hosts 1 key: no file no-such-key"),
        ("[[hosts]]\naddress = 'x'\nconnect_timeout = 'soon'", "hosts 1 connect_timeout"),
        ("[[hosts]\naddress", "hosts.toml: "),
        ("[[hosts]]\naddress = 'x'\n[jump]\naddress = 'y'\nfolder = '/x'", "jump folder: unknown key"),
        ("[[hosts]]\naddress = 'x'", "1 hosts in the hosts file"),
        ("[[hosts]]\naddress = 'x'\n[[hosts]]\naddress = 'y'\npassword_env = 'NO_SUCH'", "NO_SUCH"),
    ],
)
def test_what_is_wrong_with_the_hosts_file_is_named(
    text: str, said: str, splitbrain: Splitbrain, tmp_path: Path
) -> None:
    (tmp_path / "hosts.toml").write_text(text)
    ended = splitbrain("run", "raft", "--nodes", "2", "--time", "2s", "--on", "ssh", "--hosts", "hosts.toml")
    assert ended.code == 4, ended.err + ended.out
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "runs").exists()
