"""Passwords and passphrases appear in no output, report, run folder, log or list of processes, and the way
through a jump host, with secrets at each step, works.
"""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import paramiko
import pytest

from tests.e2e.conftest import SPLITBRAIN, clean_environment
from tests.ssh_hosts import Machines, machines

PASSPHRASE = "phrase-0815-of-the-key"


class Listener:
    """Looks at all processes of this machine, and of the hosts' containers with them, until stopped."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.looks = 0
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> bytes:
        self._halt.set()
        self._thread.join(10)
        return b"\n".join(self.seen)

    def _look(self) -> None:
        while not self._halt.wait(0.01):
            self.looks += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue


def hosts_file(there: Machines, folder: Path) -> Path:
    """By a jump host with an encrypted key; to the hosts with a password, which sudo asks for as well."""
    rsa = paramiko.RSAKey.from_private_key_file(str(there.key))
    rsa.write_private_key_file(str(folder / "locked"), password=PASSPHRASE)
    known = there.folder / "known_hosts"
    lines = [f'known_hosts = "{known}"', 'user = "tester"']
    lines += ["[jump]", f'address = "{there.addresses[0]}"', 'user = "root"']
    lines += [f'key = "{folder / "locked"}"', 'key_passphrase_env = "TEST_PASSPHRASE"']
    for address in there.addresses[1:]:
        lines += ["[[hosts]]", f'address = "{address}"']
        lines += ['password_env = "TEST_PASSWORD"', 'sudo_password_env = "TEST_PASSWORD"']
    path = folder / "hosts.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_secrets_stay_secret(tmp_path: Path) -> None:
    with machines(3, tmp_path / "hosts", sudo="password") as there:
        before = there.state()
        asked = ["--on", "ssh", "--hosts", str(hosts_file(there, tmp_path)), "--nodes", "2", "--keep"]
        listener = Listener()
        ended = subprocess.run(
            [
                *SPLITBRAIN,
                "run",
                "primary-backup",
                "-o",
                "mode=sync",
                *asked,
                "-n",
                "partition",
                "--time",
                "8s",
            ],
            cwd=tmp_path,
            env={**clean_environment(), "TEST_PASSWORD": there.password, "TEST_PASSPHRASE": PASSPHRASE},
            capture_output=True,
            timeout=120,
            check=False,
        )
        processes = listener.stop()
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert listener.looks > 50
        assert b"harness.run.clients" in processes  # it did look
        assert b"nft" in processes
        secrets = [there.password.encode(), PASSPHRASE.encode()]
        files = {path: path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()}
        assert any(path.name == "report.html" for path in files)
        for secret in secrets:
            assert secret not in ended.stdout + ended.stderr
            assert secret not in processes
            assert [str(path) for path, data in files.items() if secret in data] == []
            for number in range(len(there.addresses)):
                look = f"grep -rl {secret.decode()} /var/tmp/splitbrain /tmp /var/log 2>/dev/null || true"
                assert there.run(number, "sh", "-c", look) == ""
        for number in (1, 2):
            there.run(number, "rm", "-r", "/var/tmp/splitbrain/runs")
        assert there.state() == before


def test_no_program_we_start_inherits_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from harness.deploy.ssh import inventory

    monkeypatch.setenv("TEST_INHERITED", "not for children")
    assert inventory.secret("TEST_INHERITED", "password_env") == "not for children"
    done = subprocess.run(["env"], capture_output=True, text=True, check=True)
    assert "TEST_INHERITED" not in done.stdout
    assert inventory.secret("TEST_INHERITED", "password_env") == "not for children"
