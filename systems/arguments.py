"""The node program's command line: what may be asked of `python -m systems`.

Invariant: whatever is wrong with it is said in one line that names the value and the fix, with exit code 4.
"""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from systems import registry
from systems.options import UnknownName

EXIT_USAGE = 4

_EXAMPLE = """example:
  python -m systems raft --name n1 --members n1=127.0.0.1,n2=127.0.0.2,n3=127.0.0.3 --port 7000 \\
      --data /tmp/n1 --log /tmp/n1.log --seed 1 -o election_ms=300

The node is ready when its port accepts connections; its log is JSON lines."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the command line asked for, checked. members: name -> IP address."""

    system: str
    name: str
    members: Mapping[str, str]
    port: int
    data: Path
    log: Path
    seed: int
    options: Mapping[str, str]

    def target(self, member: str) -> str:
        """Where `member` listens, "address:port"; an IPv6 address stands in brackets."""
        address = self.members[member]
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def parse(argv: Sequence[str]) -> Arguments:
    """Read and check the command line; ends the process with one line and exit code 4 if it is wrong."""
    parser = _Parser(
        prog="python -m systems",
        description="Run one node of a replicated system until it is told to stop.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("system", metavar="NAME", help=f"the system: {', '.join(registry.ENTRIES)}")
    parser.add_argument("--name", required=True, help="this node's name among the members")
    parser.add_argument(
        "--members", required=True, type=_members, help="all nodes: n1=ADDRESS,n2=ADDRESS,..."
    )
    parser.add_argument("--port", required=True, type=_port, help="TCP port, the same on every node")
    parser.add_argument(
        "--data", required=True, type=Path, metavar="DIR", help="where the write-ahead log lives"
    )
    parser.add_argument("--log", required=True, type=Path, metavar="FILE", help="structured log, appended to")
    parser.add_argument("--seed", required=True, type=int, metavar="N", help="seed of the random timeouts")
    parser.add_argument(
        "-o",
        dest="options",
        action="append",
        default=[],
        type=_option,
        metavar="KEY=VALUE",
        help="an option of the system; may be given again",
    )
    given = parser.parse_args(argv)
    options = dict(given.options)
    try:
        plugin = registry.load(registry.entry(given.system).plugin)
        plugin.check(options, tuple(given.members))
        if given.name not in given.members:
            raise UnknownName("node name", given.name, tuple(given.members))
    except ValueError as error:
        parser.error(str(error))
    return Arguments(**{**vars(given), "options": options})


def _members(text: str) -> dict[str, str]:
    members: dict[str, str] = {}
    for part in text.split(","):
        name, equals, address = part.partition("=")
        if not (name and equals):
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=ADDRESS")
        if name in members:
            raise argparse.ArgumentTypeError(f"the name {name!r} stands there twice")
        try:
            members[name] = str(ipaddress.ip_address(address))
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{address!r}, the address of {name}, is no IP address"
            ) from None
    return members


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is no port number from 1 to 65535")
    return int(text)


def _option(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
