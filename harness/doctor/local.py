"""What runs in network namespaces need: namespaces, a network between them, rules that drop packets, signals.

Run inside the namespaces of `harness.deploy.namespaces`: those of the run that is about to begin, or, for
`splitbrain doctor`, new ones, as a program that prints its findings as JSON.

Invariants: what is made is removed before `findings` returns, and gone with the namespaces when it is killed.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Collection, Mapping

import msgspec

from harness.deploy import namespaces
from harness.deploy.commands import run
from harness.deploy.network import CONTROLLER, Network
from harness.doctor.finding import Check, Finding, tried
from harness.doctor.rules import PYTHON, dropped, ran
from harness.errors import EnvironmentFault, SplitbrainError
from nemeses.faults import CLIENTS

APT = "apt-get install iproute2 nftables util-linux mount"
NAMES = ("namespaces", "veth and bridge", "stop and kill", "nft rules", "netem")
NAMESPACES, NETWORK, SIGNALS, RULES, NETEM = NAMES
RUNS = (NAMESPACES, NETWORK)
NEEDS: Mapping[str, Collection[str]] = {"partition": (RULES,), "kill": (SIGNALS,), "pause": (SIGNALS,)}
_CONNECT = "import socket; socket.create_connection(('{}', {}), 5)"


def findings(options: Mapping[str, str], wanted: Collection[str] | None = None) -> list[Finding]:
    """Tries what is `wanted` (None: all), as far as it gets: here if this process is inside, otherwise in
    namespaces made for it. There are no `options` of this place.
    """
    del options
    inside = namespaces.is_inside()
    made = Check(
        NAMESPACES,
        "every local run lives in namespaces of its own, so that nothing is left when it is killed",
        "run as root, or allow user namespaces",
        _entered_before if inside else _enter,
    ).run()
    if made.status != "ok":
        return [made]
    if inside:
        return [made, *_tried_here(wanted)]
    return [made, *msgspec.json.decode(_inside(wanted), type=list[Finding])]


def _entered_before() -> str:
    return "this run is in user, mount, process and network namespaces of its own"


def _enter() -> str:
    """The namespaces alone: `enter` says what is missing."""
    code = _entered([sys.executable, "-c", "pass"])[0]
    if code:
        raise EnvironmentFault(f"a program inside ended with {code}")
    return "user, mount, process and network namespaces were made and left"


def _inside(wanted: Collection[str] | None) -> bytes:
    code, said = _entered([sys.executable, "-m", "harness.doctor.local", *(wanted or NAMES)])
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


def _tried_here(wanted: Collection[str] | None) -> list[Finding]:
    network = Network(("n1", "n2"))
    checks = [
        Check(NETWORK, "nodes talk over it", APT, lambda: _veth(network)),
        Check(
            SIGNALS, "pause and kill are signals", "allow signals to one's own processes (seccomp)", _signals
        ),
        Check(
            RULES,
            "partitions are rules, and their counters the evidence",
            f"a kernel with nf_tables: modprobe nf_tables; {APT}",
            lambda: dropped(network, "n1", "n2"),
            after=(NETWORK,),
        ),
        Check(
            NETEM,
            "slow and lossy links",
            "a kernel with sch_netem: modprobe sch_netem; apt-get install iproute2",
            lambda: _netem(network),
            after=(NETWORK,),
        ),
    ]
    try:
        return tried(checks, wanted)
    finally:
        network.tear_down()


def _veth(network: Network) -> str:
    network.set_up(tables=False)
    # Nobody need accept: the kernel answers for a socket that listens.
    with socket.create_server((CONTROLLER, 0)) as server:
        text = _CONNECT.format(CONTROLLER, server.getsockname()[1])
        ran((*network.enter("n1"), *PYTHON, text))
    return "a TCP connection crossed a veth pair and a bridge"


def _signals() -> str:
    """Stopped, continued and killed: the kernel tells a parent each of them."""
    pid = os.posix_spawnp("sleep", ["sleep", "5"], os.environ)
    seen = []
    for number, options in (
        (signal.SIGSTOP, os.WUNTRACED),
        (signal.SIGCONT, os.WCONTINUED),
        (signal.SIGKILL, 0),
    ):
        os.kill(pid, number)
        seen.append(os.waitpid(pid, options)[1])
    stopped, continued, killed = seen
    if not (os.WIFSTOPPED(stopped) and os.WIFCONTINUED(continued) and os.WIFSIGNALED(killed)):
        raise EnvironmentFault(f"SIGSTOP, SIGCONT and SIGKILL led to the states {seen}")
    return "a process was stopped, continued and killed"


def _netem(network: Network) -> str:
    ran((*network.enter(CLIENTS), "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "10ms"))
    return "a delay of 10 ms was installed"


def main() -> int:
    """Entry point inside: the names of wanted checks."""
    if not namespaces.is_inside():
        sys.exit("to be run by `splitbrain doctor`, inside namespaces")
    try:
        found = _tried_here(sys.argv[1:])
    except SplitbrainError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
