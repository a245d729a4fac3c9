"""What runs in network namespaces need: namespaces, a network between them, rules that drop packets.

Run inside the namespaces of `harness.deploy.namespaces`, as a program that prints its findings as JSON; so
whatever it makes is gone with them, also when it is killed.
"""

from __future__ import annotations

import socket
import sys
import threading

import msgspec

from harness.deploy import namespaces
from harness.deploy.commands import run, run_all
from harness.deploy.network import Network
from harness.doctor.finding import Check, Finding
from harness.errors import EnvironmentFault, SplitbrainError
from nemeses import linux
from nemeses.faults import CLIENTS, Link, Partition

APT = "apt-get install iproute2 nftables util-linux mount"
NAMES = ("namespaces", "veth and bridge", "nft rules", "netem")
_SEND = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{}', 9))"


def findings() -> list[Finding]:
    """Tries it all; where namespaces are refused, the rest is out of reach and not listed."""
    made = Check(
        NAMES[0],
        "every local run lives in namespaces of its own, so that nothing is left when it is killed",
        "run as root, or allow user namespaces",
        _enter,
    ).run()
    if made.status != "ok":
        return [made]
    decoder = msgspec.json.Decoder(list[Finding])
    return [made, *decoder.decode(_inside())]


def _argv() -> list[str]:
    return [sys.executable, "-m", "harness.doctor.local"]


def _enter() -> str:
    """The namespaces alone: `enter` says what is missing."""
    code = _entered([sys.executable, "-c", "pass"])[0]
    if code:
        raise EnvironmentFault(f"a program inside ended with {code}")
    return "user, mount, process and network namespaces were made and left"


def _inside() -> bytes:
    code, said = _entered(_argv())
    if code:
        raise EnvironmentFault(f"the checks inside ended with {code}")
    return said


def _entered(argv: list[str]) -> tuple[int, bytes]:
    """Run `argv` inside, in a process of its own, as `enter` shares the standard output."""
    text = (
        "import sys; from harness.deploy import namespaces\n"
        "from harness.errors import SplitbrainError\n"
        "try: code = namespaces.enter(sys.argv[1:])\n"
        "except SplitbrainError as error: sys.exit(str(error))\n"
        "sys.exit(code)"
    )
    done = run([sys.executable, "-c", text, *argv], timeout_s=60.0)
    if done.code == 1 and done.stderr:
        raise EnvironmentFault(done.stderr.decode(errors="replace").strip())
    return done.code, done.stdout


def _veth(network: Network) -> str:
    network.set_up()
    server = socket.create_server(("0.0.0.0", 9))
    thread = threading.Thread(target=server.accept, daemon=True)
    thread.start()
    connect = "import socket; socket.create_connection(('10.77.0.1', 9), 5)"
    done = run((*network.enter("n1"), sys.executable, "-I", "-S", "-c", connect))
    server.close()
    if done.code:
        raise EnvironmentFault(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    return "a TCP connection crossed a veth pair and a bridge"


def _nft(network: Network) -> str:
    cut = Partition((Link("n1", "n2"),), "doctor")
    network.run(linux.cut_argvs(cut, network.addresses))
    send = (sys.executable, "-I", "-S", "-c", _SEND.format(network.addresses["n2"]))
    run_all({"packet": ((*network.enter("n1"), *send), b"")})
    listed = network.run({"n2": linux.LIST_AND_FLUSH})
    counters = linux.parse_counters(listed["n2"].stdout)
    if [(c.source, c.packets) for c in counters] != [("n1", 1)]:
        raise EnvironmentFault(f"one packet was sent against a rule, the rule counted {counters}")
    return "a rule dropped a packet and counted it"


def _netem(network: Network) -> str:
    done = run(
        (*network.enter(CLIENTS), "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "10ms")
    )
    if done.code:
        raise EnvironmentFault(done.stderr.decode(errors="replace").strip() or "tc failed")
    return "a delay of 10 ms was installed"


def _run_inside() -> list[Finding]:
    network = Network(("n1", "n2"))
    return [
        Check(NAMES[1], "nodes talk over it", APT, lambda: _veth(network)).run(),
        Check(
            NAMES[2], "partitions are rules, and their counters the evidence", APT, lambda: _nft(network)
        ).run(),
        Check(
            NAMES[3],
            "slow and lossy links (no nemesis of this release needs it)",
            "a kernel with sch_netem: modprobe sch_netem; apt-get install iproute2",
            lambda: _netem(network),
        ).run(),
    ]


def main() -> int:
    """Entry point inside."""
    if not namespaces.is_inside():
        sys.exit("to be run by `splitbrain doctor`, inside namespaces")
    try:
        found = _run_inside()
    except SplitbrainError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
