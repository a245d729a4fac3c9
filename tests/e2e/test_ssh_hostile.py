"""Hosts that do not behave: each run ends within its time limits, with one clear error that names the phase,
as a failure of the machine and never as an anomaly, and leaves nothing on the hosts that still answer.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from tests.e2e.conftest import SPLITBRAIN, Ended, Splitbrain, clean_environment
from tests.e2e.test_killed import history_lines, wait_for
from tests.proxy import Proxy, proxy
from tests.ssh_hosts import Machines, machines

LIMIT_S = 60.0  # of a whole run that cannot go on


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(2, tmp_path_factory.mktemp("hosts")) as found:
        yield found


@pytest.fixture
def clean(there: Machines) -> Iterator[None]:
    """Nothing may be left on hosts that answer."""
    before = there.state()
    yield
    assert there.state() == before


def hosts_file(there: Machines, folder: Path, second: Sequence[str], top: Sequence[str] = ()) -> str:
    """The first host as it is, the second with such lines."""
    lines = [f'known_hosts = "{there.known_hosts}"', 'user = "root"', f'key = "{there.key}"']
    lines += ['connect_timeout = "2s"', 'call_timeout = "10s"', *top]
    lines += ["[[hosts]]", f'address = "{there.addresses[0]}"', "[[hosts]]", *second]
    path = folder / "hosts.toml"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def told(ended: Ended, folder: Path, code: int, *said: str) -> None:
    """It ended with this code, says all of it once, on the screen and in the report, without a traceback."""
    assert ended.code == code, ended.err + ended.out
    whole = "".join(ended.out.split())  # lines are broken to fit the screen, long paths too
    for words in said:
        assert "".join(words.split()) in whole, ended.out
    assert "Traceback" not in ended.out + ended.err
    page = next(iter(folder.glob("runs/*/report.html"))).read_text()
    assert "ANOMALY FOUND" not in ended.out.replace("NO ANOMALY FOUND", "")
    assert said[0] in page


def run(splitbrain: Splitbrain, hosts: str, *more: str) -> Ended:
    began = time.monotonic()
    asked = (
        "--on",
        "ssh",
        "--hosts",
        hosts,
        "--nodes",
        "2",
        "--time",
        "5s",
        "-n",
        "partition",
        "--seed",
        "3",
    )
    ended = splitbrain("run", "primary-backup", "-o", "mode=sync", *asked, *more, timeout_s=LIMIT_S)
    assert time.monotonic() - began < LIMIT_S
    return ended


@pytest.mark.usefixtures("clean")
def test_an_sshd_that_accepts_and_never_answers(
    splitbrain: Splitbrain, there: Machines, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        hosts = hosts_file(there, tmp_path, ['address = "127.0.0.1"', f"port = {port}"])
        ended = run(splitbrain, hosts)
    told(ended, tmp_path, 3, "setup failed", "n2 (root at 127.0.0.1", "no answer within 2 s")


@pytest.mark.usefixtures("clean")
def test_a_port_where_nobody_listens(splitbrain: Splitbrain, there: Machines, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ended = run(splitbrain, hosts_file(there, tmp_path, ['address = "127.0.0.1"', f"port = {port}"]))
    told(ended, tmp_path, 3, "setup failed", "cannot log in")


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("known", ["another key", "no key"])
def test_a_host_key_that_changed_or_was_never_seen(
    known: str, splitbrain: Splitbrain, there: Machines, tmp_path: Path
) -> None:
    believed = tmp_path / "known_hosts"
    lines = there.known_hosts.read_text().splitlines()[:1]
    if known == "another key":
        key = paramiko.ECDSAKey.generate()
        lines.append(f"{there.addresses[1]} {key.get_name()} {key.get_base64()}")
    believed.write_text("\n".join(lines) + "\n")
    second = [f'address = "{there.addresses[1]}"', f'known_hosts = "{believed}"']
    ended = run(splitbrain, hosts_file(there, tmp_path, second))
    what = "is not the one in" if known == "another key" else "is not in"
    told(ended, tmp_path, 6, "setup failed", f"its host key {what} {believed}")
    accepting = hosts_file(there, tmp_path, [*second, 'host_keys = "accept-new"'])
    again = splitbrain("run", "raft", "--on", "ssh", "--hosts", accepting, "--nodes", "2", "--time", "2s")
    assert again.code == (6 if known == "another key" else 0), again.out


@pytest.mark.usefixtures("clean")
def test_a_wrong_password(
    splitbrain: Splitbrain, there: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_PASSWORD", "not-it-4711")
    second = [f'address = "{there.addresses[1]}"', 'user = "tester"', 'password_env = "WRONG_PASSWORD"']
    path = Path(hosts_file(there, tmp_path, second))
    path.write_text(path.read_text().replace(f'key = "{there.key}"\n', ""))
    text = path.read_text().replace("[[hosts]]\n", f'[[hosts]]\nkey = "{there.key}"\n', 1)
    path.write_text(text)
    ended = run(splitbrain, str(path))
    told(ended, tmp_path, 6, "setup failed", "n2 (tester at", "the login was refused")
    assert "not-it-4711" not in ended.out + ended.err


def test_no_sudo(splitbrain: Splitbrain, tmp_path: Path) -> None:
    with machines(2, tmp_path / "hosts", sudo="none") as there:
        before = there.state()
        hosts = str(there.hosts_file(user="tester"))
        ended = run(splitbrain, hosts)
        assert ended.code == 6, ended.out + ended.err
        assert "tester may not run nft as root" in " ".join((ended.out + ended.err).split())
        # Killing one's own processes needs no right of root's.
        asked = (
            "--on",
            "ssh",
            "--hosts",
            hosts,
            "--nodes",
            "2",
            "--time",
            "8s",
            "-n",
            "kill,pause",
            "--seed",
            "5",
        )
        fine = splitbrain("run", "primary-backup", "-o", "mode=sync", *asked)
        assert fine.code == 0, fine.out + fine.err
        assert there.state() == before


def test_a_full_disk(splitbrain: Splitbrain, tmp_path: Path) -> None:
    with machines(2, tmp_path / "hosts", tmpfs="32m") as there:
        before = there.state()
        ended = run(splitbrain, str(there.hosts_file()))
        told(ended, tmp_path, 3, "setup failed", "MiB are free under /var/tmp/splitbrain")
        assert there.state() == before


def test_a_disk_that_fills_up_in_mid_run(tmp_path: Path) -> None:
    with machines(2, tmp_path / "hosts", tmpfs="200m") as there:
        before = there.state()
        process = started(str(there.hosts_file()), tmp_path, seconds=15)
        wait_for(lambda: history_lines(tmp_path) > 100, "operations", 60)
        fill = "dd if=/dev/zero of=/var/tmp/splitbrain/fill bs=64k 2>/dev/null; true"
        there.run(1, "sh", "-c", fill)
        ended = finished(process)
        told(ended, tmp_path, 3, "n2 died by itself", "no space is left on its disk")
        there.run(1, "rm", "/var/tmp/splitbrain/fill")
        assert there.state() == before


@pytest.mark.usefixtures("clean")
def test_a_host_that_lacks_a_tool(splitbrain: Splitbrain, there: Machines, tmp_path: Path) -> None:
    where = there.run(1, "sh", "-c", "command -v nft").strip()
    there.run(1, "mv", where, f"{where}.away")
    try:
        ended = run(splitbrain, hosts_file(there, tmp_path, [f'address = "{there.addresses[1]}"']))
    finally:
        there.run(1, "mv", f"{where}.away", where)
    assert ended.code == 6, ended.out + ended.err
    assert "nft" in ended.out + ended.err
    assert "apt-get install nftables" in ended.out + ended.err


@pytest.mark.usefixtures("clean")
def test_a_clock_that_is_minutes_off(splitbrain: Splitbrain, there: Machines, tmp_path: Path) -> None:
    skewed = (
        "#!/usr/bin/python3\nimport runpy, sys, time\nreal = time.time_ns\n"
        "time.time_ns = lambda: real() + 300 * 10**9\n"
        "sys.argv = [a for a in sys.argv[1:] if not a.startswith('-')]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    script = f"cat > /usr/local/bin/skewed <<'E'\n{skewed}E\nchmod 755 /usr/local/bin/skewed"
    there.run(1, "sh", "-c", script)
    second = [f'address = "{there.addresses[1]}"', 'python = "skewed"']
    ended = run(splitbrain, hosts_file(there, tmp_path, second))
    told(ended, tmp_path, 3, "setup failed", "n2: its clock is 300 s ahead of ours")


@pytest.mark.usefixtures("clean")
def test_a_host_that_answers_too_slowly(splitbrain: Splitbrain, there: Machines, tmp_path: Path) -> None:
    slow = '#!/bin/sh\nsleep 20\nexec python3 "$@"\n'
    script = f"cat > /usr/local/bin/slow <<'E'\n{slow}E\nchmod 755 /usr/local/bin/slow"
    there.run(1, "sh", "-c", script)
    second = [f'address = "{there.addresses[1]}"', 'python = "slow"', 'call_timeout = "2s"']
    ended = run(splitbrain, hosts_file(there, tmp_path, second), "-n", "none")
    told(ended, tmp_path, 3, "setup failed", "n2: `slow", "did not end within 2 s")


@dataclass
class Started:
    process: subprocess.Popen[str]
    folder: Path


def started(hosts: str, folder: Path, seconds: int = 60) -> Started:
    """A run in the background."""
    asked = [
        "--on",
        "ssh",
        "--hosts",
        hosts,
        "--nodes",
        "2",
        "--time",
        f"{seconds}s",
        "-n",
        "kill",
        "--seed",
        "3",
    ]
    process = subprocess.Popen(
        [*SPLITBRAIN, "run", "primary-backup", "-o", "mode=sync", *asked],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Started(process, folder)


def finished(begun: Started) -> Ended:
    out, err = begun.process.communicate(timeout=LIMIT_S * 2)
    return Ended(begun.process.returncode, out, err)


def by_way_of(way: Proxy, there: Machines, folder: Path) -> str:
    """A hosts file in which the second host is reached through the proxy."""
    known = there.known_hosts.read_text().splitlines()[1].split(" ", 1)[1]
    believed = folder / "known_hosts"
    believed.write_text(there.known_hosts.read_text() + f"[127.0.0.1]:{way.port} {known}\n")
    second = ['address = "127.0.0.1"', f"port = {way.port}", f'inside = "{there.addresses[1]}"']
    return hosts_file(there, folder, [*second, f'known_hosts = "{believed}"'])


# Bytes from us: amid the greeting, the login, the first questions, and the set-up of the node.
@pytest.mark.parametrize("limit", [10, 1_500, 4_500, 6_000, 7_500, 12_000])
def test_a_connection_cut_while_setting_up(
    limit: int, splitbrain: Splitbrain, there: Machines, tmp_path: Path
) -> None:
    before = there.state()
    with proxy((there.addresses[1], 22), limit) as way:
        ended = run(splitbrain, by_way_of(way, there, tmp_path))
        assert way.is_cut
    assert ended.code == 3, ended.out + ended.err
    assert "n2" in ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
    assert there.state()[0] == before[0]
    swept(splitbrain, there, tmp_path)


def test_a_connection_cut_during_the_upload(splitbrain: Splitbrain, there: Machines, tmp_path: Path) -> None:
    there.run(1, "rm", "-rf", "/var/tmp/splitbrain/programs")
    before = there.state()
    with proxy((there.addresses[1], 22), 3_000_000) as way:
        ended = run(splitbrain, by_way_of(way, there, tmp_path))
        assert way.is_cut
        port = way.port
    # Met while sending, or when the way is sought anew.
    told(ended, tmp_path, 3, "setup failed", "n2 (", f"127.0.0.1 port {port}")
    assert there.state()[0] == before[0]
    swept(splitbrain, there, tmp_path)
    assert there.run(1, "sh", "-c", "ls -A /var/tmp/splitbrain/programs 2>/dev/null || true") == ""


def test_a_connection_cut_for_good_in_mid_run(
    splitbrain: Splitbrain, there: Machines, tmp_path: Path
) -> None:
    before = there.state()
    with proxy((there.addresses[1], 22)) as way:
        begun = started(by_way_of(way, there, tmp_path), tmp_path)
        wait_for(lambda: history_lines(tmp_path) > 100, "operations", 60)
        way.cut(for_good=True)
        ended = finished(begun)
    told(ended, tmp_path, 3, "workload failed", "n2 (127.0.0.1 port", "was last heard of")
    assert there.state()[0] == before[0]
    swept(splitbrain, there, tmp_path)


def test_a_connection_cut_for_a_moment_is_opened_again(there: Machines, tmp_path: Path) -> None:
    before = there.state()
    with proxy((there.addresses[1], 22)) as way:
        begun = started(by_way_of(way, there, tmp_path), tmp_path, seconds=10)
        wait_for(lambda: history_lines(tmp_path) > 100, "operations", 60)
        accepted = way.accepted
        way.cut(for_good=False)
        ended = finished(begun)
        assert way.accepted > accepted
    assert ended.code == 0, ended.out + ended.err
    assert there.state() == before


def test_a_connection_cut_while_leaving(splitbrain: Splitbrain, there: Machines, tmp_path: Path) -> None:
    before = there.state()
    with proxy((there.addresses[1], 22)) as way:
        begun = started(by_way_of(way, there, tmp_path), tmp_path)
        wait_for(lambda: history_lines(tmp_path) > 100, "operations", 60)
        begun.process.send_signal(signal.SIGINT)
        assert begun.process.stderr is not None
        for line in begun.process.stderr:
            if line.split()[-1:] == ["teardown"]:
                break
        way.cut(for_good=True)
        ended = finished(begun)
    told(ended, tmp_path, 3, "teardown failed", "n2 (", "doctor --on ssh")
    assert there.state()[0] == before[0]
    swept(splitbrain, there, tmp_path)


def test_a_host_that_goes_down_in_mid_run(tmp_path: Path) -> None:
    with machines(2, tmp_path / "hosts") as there:
        before = there.state()
        path = there.hosts_file(top='connect_timeout = "2s"')
        begun = started(str(path), tmp_path)
        wait_for(lambda: history_lines(tmp_path) > 100, "operations", 60)
        there.containers[1].kill()
        ended = finished(begun)
        told(ended, tmp_path, 3, "workload failed", "n2 (", "was last heard of")
        there.containers[1].start()
        assert there.state()[0] == before[0]


def swept(splitbrain: Splitbrain, there: Machines, folder: Path) -> None:
    """When the host answers again, the doctor removes what was left there."""
    hosts = hosts_file(there, folder, [f'address = "{there.addresses[1]}"'])
    ended = splitbrain("doctor", "--on", "ssh", "--hosts", hosts, "--cleanup")
    assert ended.code == 0, ended.out + ended.err
    assert [rules for rules, _ in there.state()] == ["table ip nat\n"] * 2
    assert there.run(1, "sh", "-c", "ls -A /var/tmp/splitbrain/runs 2>/dev/null || true") == ""
