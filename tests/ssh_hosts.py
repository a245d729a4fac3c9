"""Machines with sshd for tests: containers of the node's image on a network of their own.

Each has a fresh host key, root may log in by key, `tester` by key or password, with sudo as asked.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker.types
import paramiko

from tests.engine import client_or_skip, image_or_skip

LABEL = "io.splitbrain.test-host"
SHELL = """
set -e
mkdir -p /run/sshd /root/.ssh && ssh-keygen -qA
useradd -m -s /bin/sh tester && mkdir -p /home/tester/.ssh
echo "tester:$PASSWORD" | chpasswd
for home in /root /home/tester; do echo "$KEY" > $home/.ssh/authorized_keys; chmod 700 $home/.ssh; done
chown -R tester /home/tester/.ssh
case "$SUDO" in
  free) echo 'tester ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/tester ;;
  password) echo 'tester ALL=(ALL) ALL' > /etc/sudoers.d/tester ;;
esac
mkdir -p /var/tmp/splitbrain && rmdir /var/tmp/splitbrain 2>/dev/null || chmod 1777 /var/tmp/splitbrain
exec /usr/sbin/sshd -D -e -o PermitRootLogin=prohibit-password -o MaxStartups=100 -o MaxSessions=100
"""


@dataclass
class Machines:
    """addresses: theirs in order. folder: has the key, known_hosts and hosts.toml."""

    folder: Path
    containers: list[Any]
    addresses: list[str]
    password: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def hosts_file(self, name: str = "hosts.toml", user: str = "root", top: str = "", host: str = "") -> Path:
        """A hosts file for all; `top` and `host` are lines of TOML for the head and for each host."""
        lines = [f'user = "{user}"', f'known_hosts = "{self.known_hosts}"']
        if "password_env" not in top and "key =" not in top:
            lines.append(f'key = "{self.key}"')
        lines.append(top)
        for address in self.addresses:
            lines += ["", "[[hosts]]", f'address = "{address}"', host]
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def run(self, number: int, *argv: str) -> str:
        """What a command on one of them prints, as root."""
        code, (out, said) = self.containers[number].exec_run(list(argv), user="root", demux=True)
        assert code == 0, (out, said)
        return str((out or b"").decode())

    def state(self) -> list[tuple[str, str]]:
        """What a run may have left: rules, and files of ours but for programs (which are kept on purpose)."""
        found = []
        ours = "-mindepth 1 -not -path '*/programs*' -not -name 'agent-*'"
        look = f"find /var/tmp/splitbrain {ours} 2>/dev/null || true"
        for number in range(len(self.containers)):
            processes = self.run(
                number, "sh", "-c", "ps -eo args | grep -v sshd | grep -c '[s]plitbrain/' || true"
            )
            found.append(
                (
                    # Not the engine's own: nft shows what it does not know of that differently each time.
                    self.run(
                        number, "sh", "-c", "nft list tables; nft -s list table inet splitbrain || true"
                    ),
                    self.run(number, "sh", "-c", look) + processes,
                )
            )
        return found


@contextlib.contextmanager
def machines(
    count: int, folder: Path, *, sudo: str = "free", tmpfs: str | None = None, subnet: int | None = None
) -> Iterator[Machines]:
    """So many, up and known. sudo: free, password or none, for `tester`. tmpfs: size of their folder."""
    client, image = client_or_skip(), image_or_skip()
    folder.mkdir(parents=True, exist_ok=True)
    key = paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(folder / "key"))
    run, password = f"test-{secrets.token_hex(4)}", secrets.token_hex(12)
    net = _network(client, run)
    made: list[Any] = []
    try:
        for number in range(1, count + 1):
            made.append(
                client.containers.run(
                    image,
                    ["sh", "-c", SHELL],
                    name=f"{run}-h{number}",
                    hostname=f"h{number}",
                    labels={LABEL: run},
                    network=net.name,
                    cap_add=["NET_ADMIN"],
                    environment={
                        "KEY": f"{key.get_name()} {key.get_base64()}",
                        "PASSWORD": password,
                        "SUDO": sudo,
                    },
                    tmpfs={"/var/tmp/splitbrain": f"size={tmpfs},mode=1777,exec"} if tmpfs else {},
                    init=True,
                    detach=True,
                )
            )
        found = Machines(folder, made, [_address(c, net.name) for c in made], password)
        _know(found)
        yield found
    finally:
        for container in made:
            container.remove(force=True, v=True)
        net.remove()


def _network(client: Any, run: str) -> Any:
    for _ in range(20):
        third = secrets.randbelow(250)
        pools = [docker.types.IPAMPool(subnet=f"10.79.{third}.0/24", gateway=f"10.79.{third}.1")]
        try:
            return client.networks.create(
                run,
                driver="bridge",
                internal=True,
                labels={LABEL: run},
                ipam=docker.types.IPAMConfig(pool_configs=pools),
            )
        except docker.errors.APIError as error:
            if "overlaps" not in str(error):
                raise
    raise AssertionError("no free network")


def _address(container: Any, network: str) -> str:
    container.reload()
    return str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])


def _know(found: Machines) -> None:
    """Their host keys, once they let us in."""
    from tests.harness.deploy.fake import eventually

    key = paramiko.RSAKey.from_private_key_file(str(found.key))
    lines = []
    for address in found.addresses:
        transports: list[paramiko.Transport] = []

        def lets_in(address: str = address, transports: list[paramiko.Transport] = transports) -> bool:
            try:
                transport = paramiko.Transport((address, 22))
                transport.connect(username="root", pkey=key)
            except (OSError, paramiko.SSHException, EOFError):
                return False
            transports.append(transport)
            return True

        eventually(lets_in, f"sshd at {address}", 30)
        server = transports[0].get_remote_server_key()
        transports[0].close()
        lines.append(f"{address} {server.get_name()} {server.get_base64()}\n")
    found.known_hosts.write_text("".join(lines))


def tidy() -> list[str]:
    """Test machines that are left anywhere."""
    client = client_or_skip()
    return [str(c.name) for c in client.containers.list(all=True, filters={"label": [LABEL]})]
