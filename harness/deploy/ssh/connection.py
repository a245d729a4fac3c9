"""One SSH connection, for the thread that opened it.

Invariants: every call has a time limit that holds whatever the other side does (paramiko's own waits have
none in places, so a timer closes the connection, which ends them all); both outputs are drained side by side;
known hosts are enforced; whatever goes wrong is an EnvironmentFault that names the machine, what was being
done and the fix, and carries no secret.
"""

from __future__ import annotations

import logging
import select
import shlex
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko

from harness.deploy.seam import Completed
from harness.deploy.ssh.inventory import Login, secret
from harness.errors import EnvironmentFault, MissingPrerequisite

KEEPALIVE_S = 5
KILLED = 137  # as a shell says it
_BUFFER = 1 << 16
_file_lock = threading.Lock()

# It would print tracebacks of its own for what is told here in a sentence.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class Lost(EnvironmentFault):
    """There is no way to the other side: it does not let us in, the connection broke, or nothing answers."""


class _AcceptNew(paramiko.MissingHostKeyPolicy):
    """A host never seen before is believed and written down; one that changed is still refused."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def missing_host_key(self, _client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        with _file_lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(f"{hostname} {key.get_name()} {key.get_base64()}\n")


class Connection:
    """A login that stands. name: what to call the machine in messages."""

    def __init__(self, name: str, login: Login, jump: Login | None) -> None:
        self.name = name
        self._login = login
        self._jump: paramiko.SSHClient | None = None
        self._client: paramiko.SSHClient | None = None
        try:
            road = None
            if jump is not None:
                self._jump = _log_in(f"the jump host of {name}", jump, None)
                road = self._road_through(jump)
            self._client = _log_in(name, login, road)
        except BaseException:
            self.close()
            raise

    @property
    def transport(self) -> paramiko.Transport:
        """What channels are opened on. Raises Lost."""
        transport = self._client.get_transport() if self._client else None
        if transport is None or not transport.is_active():
            raise Lost(f"{self.name} ({self._login.where}): the connection is lost", fix=_LOST)
        return transport

    @property
    def stands(self) -> bool:
        """Whether it is not known to be broken."""
        transport = self._client.get_transport() if self._client else None
        return transport is not None and transport.is_active()

    def open(self, argv: Sequence[str], timeout_s: float) -> paramiko.Channel:
        """A channel on which `argv` runs. Raises Lost."""
        with self._watched(argv, timeout_s):
            channel = self.transport.open_session(timeout=timeout_s)
            channel.exec_command(shlex.join(argv))
            return channel

    def forward(self, address: str, port: int, timeout_s: float) -> paramiko.Channel:
        """A TCP connection from the jump host. Raises Lost, or EnvironmentFault where it is refused."""
        assert self._jump is not None
        transport = self._jump.get_transport()
        if transport is None or not transport.is_active():
            raise Lost(f"the jump host of {self.name}: the connection is lost", fix=_LOST)
        try:
            return transport.open_channel(
                "direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=timeout_s
            )
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise EnvironmentFault(f"{self.name}: {address} port {port}: {error}") from None

    def exec(self, argv: Sequence[str], timeout_s: float, stdin: bytes = b"") -> Completed:
        """Run to the end. Raises Lost when the connection breaks or the time is over."""
        with self._watched(argv, timeout_s):
            channel = self.transport.open_session(timeout=timeout_s)
            try:
                channel.exec_command(shlex.join(argv))
                return self._talk(channel, stdin)
            finally:
                channel.close()

    def close(self) -> None:
        """Hang up."""
        for client in (self._client, self._jump):
            if client is not None:
                client.close()

    def _road_through(self, jump: Login) -> paramiko.Channel:
        transport = self._jump.get_transport() if self._jump else None
        assert transport is not None
        to = (self._login.address, self._login.port)
        try:
            return transport.open_channel(
                "direct-tcpip", to, ("127.0.0.1", 0), timeout=self._login.connect_timeout
            )
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise EnvironmentFault(
                f"{self.name}: the jump host {jump.where} does not reach {self._login.where}: {error}",
                fix="look whether sshd runs there, and whether the jump host may forward",
            ) from None

    @contextmanager
    def _watched(self, argv: Sequence[str], timeout_s: float) -> Iterator[None]:
        over = threading.Event()

        def hang_up() -> None:
            over.set()
            self.close()

        timer = threading.Timer(timeout_s, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (paramiko.SSHException, OSError, EOFError) as error:
            what = (
                f"`{shorter(shlex.join(argv))}` did not end within {timeout_s:g} s" if over.is_set() else None
            )
            raise Lost(
                f"{self.name} ({self._login.where}): {what or f'the connection broke: {_said(error)}'}",
                fix=_LOST,
            ) from None
        finally:
            timer.cancel()

    def _talk(self, channel: paramiko.Channel, stdin: bytes) -> Completed:
        parts: dict[bool, list[bytes]] = {False: [], True: []}
        poller = select.poll()
        poller.register(channel.fileno(), select.POLLIN)
        left: memoryview | None = memoryview(stdin)
        while True:
            if left is not None and channel.send_ready():
                left = left[channel.send(left[:_BUFFER].tobytes()) :] if left else None
                if left is None:
                    channel.shutdown_write()
            drained = not channel.recv_ready() and not channel.recv_stderr_ready()
            if channel.recv_ready():
                parts[False].append(channel.recv(_BUFFER))
            if channel.recv_stderr_ready():
                parts[True].append(channel.recv_stderr(_BUFFER))
            if drained and channel.exit_status_ready() and (channel.eof_received or channel.closed):
                break
            if drained and not self.stands:
                raise EOFError("it was closed")
            if drained and not (left is not None and channel.send_ready()):
                poller.poll(5 if left is not None or channel.exit_status_ready() else 50)
        code = channel.recv_exit_status()
        if code < 0:
            if not self.stands:
                raise EOFError("it was closed before the command had ended")
            code = KILLED  # no exit code is told of a command that a signal ended
        return Completed(code, b"".join(parts[False]), b"".join(parts[True]))


_LOST = "look whether the machine is up and its network is; nothing is concluded from a host that is gone"


def _log_in(name: str, login: Login, road: Any) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    try:
        if login.known_hosts.exists():
            client.load_host_keys(str(login.known_hosts))
    except (OSError, paramiko.SSHException) as error:
        raise EnvironmentFault(f"{login.known_hosts}: {_said(error)}", fix="mend that file") from None
    accept: paramiko.MissingHostKeyPolicy = paramiko.RejectPolicy()
    if login.host_keys == "accept-new":
        accept = _AcceptNew(login.known_hosts)
    client.set_missing_host_key_policy(accept)
    password = secret(login.password_env, "password_env")
    where = f"{name} ({login.user} at {login.where})"
    try:
        with _failing(where, login):
            client.connect(
                login.address,
                login.port,
                login.user,
                password=password,
                key_filename=str(login.key) if login.key else None,
                passphrase=secret(login.key_passphrase_env, "key_passphrase_env"),
                allow_agent=login.key is None and password is None,
                look_for_keys=login.key is None and password is None,
                sock=road,
                timeout=login.connect_timeout,
                banner_timeout=login.connect_timeout,
                auth_timeout=login.connect_timeout,
                channel_timeout=login.connect_timeout,
            )
    except BaseException:
        client.close()
        raise
    transport = client.get_transport()
    assert transport is not None
    transport.set_keepalive(KEEPALIVE_S)
    return client


@contextmanager
def _failing(where: str, login: Login) -> Iterator[None]:
    """What can go wrong with a login, each with its fix."""
    began = time.monotonic()
    try:
        yield
    except paramiko.BadHostKeyException as error:
        raise MissingPrerequisite(
            f"{where}: its host key is not the one in {login.known_hosts} "
            f"(it shows {error.key.get_name()} {error.key.fingerprint})",
            fix="if the machine was made anew, remove its line there; otherwise somebody sits in between",
        ) from None
    except paramiko.PasswordRequiredException:
        raise MissingPrerequisite(
            f"{where}: the key {login.key} has a passphrase", fix="name its variable in key_passphrase_env"
        ) from None
    except paramiko.AuthenticationException:
        raise MissingPrerequisite(
            f"{where}: the login was refused",
            fix="check user, key or password_env of this host, and its authorized_keys",
        ) from None
    except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
        said = _said(error)
        if "known_hosts" in said:
            raise MissingPrerequisite(
                f"{where}: its host key is not in {login.known_hosts}",
                fix=f"add it (ssh-keyscan -p {login.port} {login.address}), or set host_keys = 'accept-new'",
            ) from None
        if (
            isinstance(error, TimeoutError | socket.timeout)
            or time.monotonic() - began >= login.connect_timeout
        ):
            said = f"no answer within {login.connect_timeout:g} s"
        raise Lost(
            f"{where}: cannot log in: {said}", fix="look whether sshd runs there and can be reached"
        ) from None


def _said(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def shorter(text: str) -> str:
    """A command, to be told in a sentence."""
    return text if len(text) < 120 else f"{text[:119]}…"
