"""A machine reached by SSH, as a `Host`, and what its agent does for us.

Invariants: one thread per machine owns its connection and does everything there, one thing after another; a
connection that is found broken is opened again once; only what may be done twice is tried again after it
broke on the way; an upload is whole or not there, and is skipped when the file is there already.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import secrets
import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

import paramiko

from harness.deploy.seam import Completed
from harness.deploy.ssh.connection import KILLED, Connection, Lost, shorter
from harness.deploy.ssh.inventory import HostEntry, Login, secret
from harness.deploy.ssh.packed import agent_file, agent_name
from harness.errors import EnvironmentFault, HarnessBug

GRACE_S = 2.0  # for the way there and back, beside what a command may take
T = TypeVar("T")


class SshHost:
    """The machine `entry`, which the node `name` runs on."""

    def __init__(self, name: str, entry: HostEntry, jump: Login | None) -> None:
        self.name = name
        self.entry = entry
        self._jump = jump
        self._connection: Connection | None = None
        self._worker = ThreadPoolExecutor(1, f"ssh-{name}")
        self._is_root = False
        self._agent = posixpath.join(entry.folder, agent_name())

    def connect(self) -> None:
        """Log in. Raises EnvironmentFault or MissingPrerequisite with the fix."""
        limit_s = self.entry.connect_timeout * 3  # to connect, to greet, to log in
        self._do(lambda: self._standing() and None, limit_s * (2 if self._jump else 1))

    def exec(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Completed:
        """Run to the end. Raises EnvironmentFault when it does not end in time or cannot be started."""
        done = self._run(argv, timeout_s, stdin, again=False)
        if done.code in (126, 127):
            raise EnvironmentFault(f"{self.name}: {done.stderr.decode(errors='replace').strip()}")
        return done

    def put(self, path: str, content: bytes, *, timeout_s: float) -> None:
        """Write a file, its folders included. Raises EnvironmentFault if that fails."""
        shell = 'mkdir -p "$(dirname "$1")" && cat > "$2" && mv -f "$2" "$1" || { rm -f "$2"; exit 1; }'
        draft = f"{path}.{secrets.token_hex(4)}"
        done = self._run(("sh", "-c", shell, "put", path, draft), timeout_s, content, again=True)
        if done.code:
            raise EnvironmentFault(
                f"{self.name}: {path} cannot be written: {_last(done.stderr)}",
                fix="free some disk space there, or give another `folder` in the hosts file",
            )

    def put_once(self, path: str, content: bytes, *, timeout_s: float) -> bool:
        """The same, unless it is there already with this content; whether it was written."""
        if self.ask("digest", path=path) == _digest(content):
            return False
        self.put(path, content, timeout_s=timeout_s)
        return True

    def get(self, path: str, *, timeout_s: float) -> bytes:
        """Read a file. Raises EnvironmentFault if that fails."""
        done = self.exec(("cat", "--", path), timeout_s=timeout_s)
        if done.code:
            raise EnvironmentFault(f"{self.name}: {_last(done.stderr)}")
        return done.stdout

    def bring_agent(self) -> None:
        """Put the agent there. Raises EnvironmentFault."""
        source = agent_file()
        shell = 'test -f "$1" && sha256sum "$1"'
        done = self._run(("sh", "-c", shell, "look", self._agent), self.entry.call_timeout, b"", again=True)
        if done.stdout[:64].decode(errors="replace") != _digest(source):
            self.put(self._agent, source, timeout_s=self.entry.call_timeout)

    def ask(self, verb: str, *, timeout_s: float | None = None, **given: Any) -> Any:
        """What the agent answers. Raises EnvironmentFault."""
        limit_s = timeout_s or self.entry.call_timeout
        done = self._run(self.agent_argv(verb), limit_s, json.dumps(given).encode(), again=True)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise EnvironmentFault(
                f"{self.name}: {verb} failed: {_last(done.stderr) or 'no answer'}",
                fix=f"look whether {self.entry.python} runs there, and whether {self.entry.folder} has room",
            ) from None
        if "error" in answer:
            raise EnvironmentFault(f"{self.name}: {answer['error']}", fix=f"see {self.entry.folder} there")
        return answer["ok"]

    def agent_argv(self, verb: str) -> tuple[str, ...]:
        """The command that asks the agent."""
        return (self.entry.python, "-I", "-S", "-B", self._agent, verb)

    def as_root(self, argv: Sequence[str]) -> Completed:
        """Run as root, by sudo if need be. Raises EnvironmentFault; a code that is not 0 is an answer."""
        if self._is_root:
            return self.exec(argv, timeout_s=self.entry.call_timeout)
        password = secret(self.entry.sudo_password_env, "sudo_password_env")
        if password is None:
            return self.exec(("sudo", "-n", "--", *argv), timeout_s=self.entry.call_timeout)
        asked = ("sudo", "-S", "-k", "-p", "", "--", *argv)
        return self.exec(asked, timeout_s=self.entry.call_timeout, stdin=f"{password}\n".encode())

    def note_root(self, is_root: bool) -> None:
        """Whether the login is root's own."""
        self._is_root = is_root

    def stream(self, argv: Sequence[str]) -> tuple[Connection, paramiko.Channel]:
        """A connection of its own, for the calling thread, on which `argv` runs. Raises EnvironmentFault."""
        connection = self.another_connection()
        try:
            return connection, connection.open(argv, self.entry.connect_timeout)
        except BaseException:
            connection.close()
            raise

    def another_connection(self) -> Connection:
        """A connection of its own, for the calling thread. Raises EnvironmentFault."""
        return Connection(self.name, self.entry, self._jump)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def remove_agent(self) -> None:
        """Take the agent away, and our folder if nothing else is in it."""
        shell = 'rm -f "$1" && { rmdir "$2" 2>/dev/null || true; }'
        argv = ("sh", "-c", shell, "remove", self._agent, self.entry.folder)
        self._run(argv, self.entry.call_timeout, b"", again=True)

    def _run(self, argv: Sequence[str], timeout_s: float, stdin: bytes, *, again: bool) -> Completed:
        """The time limit holds there as well, so that nothing runs on when nobody waits any more."""
        limited = ("timeout", "-s", "KILL", f"{timeout_s:g}", *argv)

        def once() -> Completed:
            done = self._standing().exec(limited, timeout_s + GRACE_S, stdin)
            if done.code == KILLED:
                what = shorter(shlex.join(argv))
                raise EnvironmentFault(
                    f"{self.name}: `{what}` did not end within {timeout_s:g} s and was killed"
                )
            return done

        def twice() -> Completed:
            try:
                return once()
            except Lost:
                if not again:
                    raise
                return once()

        tries = 2 if again else 1
        return self._do(twice, tries * (timeout_s + GRACE_S + 3 * self.entry.connect_timeout))

    def _standing(self) -> Connection:
        """The connection, opened again if it broke. In the worker's thread."""
        if self._connection is None or not self._connection.stands:
            if self._connection is not None:
                self._connection.close()
            self._connection = Connection(self.name, self.entry, self._jump)
        return self._connection

    def _do(self, act: Callable[[], T], limit_s: float) -> T:
        try:
            future = self._worker.submit(act)
        except RuntimeError:
            raise HarnessBug(f"{self.name}: asked after it was closed") from None
        try:
            return future.result(limit_s + GRACE_S)
        except NotInTime:
            future.cancel()
            raise Lost(f"{self.name} ({self.entry.where}): busy for more than {limit_s:g} s") from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _last(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
