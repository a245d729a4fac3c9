"""What runs on machines reached by SSH need of each: a login, Python, room, a clock that is right, rights.

Invariants: all hosts are tried side by side, each as far as it gets; what is tried leaves nothing there but
the agent, which the next run would bring anyway; no host's rules for a run are touched.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from harness.deploy.places import HOSTS
from harness.deploy.ssh import stay
from harness.deploy.ssh.connection import Lost
from harness.deploy.ssh.examination import clocks, refuse_clock, refuse_room, refuse_tools
from harness.deploy.ssh.host import SshHost
from harness.deploy.ssh.inventory import read
from harness.deploy.ssh.links import as_root, each
from harness.deploy.ssh.program import refuse_python
from harness.doctor.finding import Check, Doubtful, Finding, tried
from harness.doctor.host_checks import AGENT, CLOCK, DISK, FILES, LOGIN, PYTHON, RULES, SIGNALS
from harness.errors import EnvironmentFault, SplitbrainError
from nemeses import reached

LEAST_FILES = 1024
DOCS = "see docs/ssh.md"


def findings(options: Mapping[str, str], wanted: Collection[str] | None = None) -> list[Finding]:
    """Of every host in the hosts file, told apart by its node. Raises ConfigError for the file."""
    hosts = _hosts(options)
    try:
        found = each(hosts, lambda host: _tried(host, None if wanted is None else {*wanted, AGENT}))
    finally:
        for host in hosts.values():
            host.close()
    return [
        msgspec.structs.replace(one, where=name, seen=one.seen.removeprefix(f"{name}: "))
        for name, ones in found.items()
        for one in ones
    ]


def _tried(host: SshHost, wanted: Collection[str] | None) -> list[Finding]:
    """A way to the host that is lost on the way says nothing of what was being tried, but of the login."""
    lost: list[str] = []

    def heeding(act: Callable[[], str]) -> Callable[[], str]:
        def heeded() -> str:
            try:
                return act()
            except Lost as error:
                lost.append(error.problem)
                raise

        return heeded

    checks = [msgspec.structs.replace(check, act=heeding(check.act)) for check in _checks(host)]
    return [
        msgspec.structs.replace(one, status="missing", seen=lost[0], fix=DOCS)
        if one.name == LOGIN and lost
        else one
        for one in tried(checks, wanted)
    ]


def clean(options: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What dead runs left on the hosts is removed, programs and agent included: what was, and which hosts
    were not looked at, each with the reason."""
    hosts = _hosts(options)
    removed: list[str] = []
    problems: list[str] = []

    def one(host: SshHost) -> None:
        try:
            host.connect()
            host.bring_agent()
            host.note_root(host.ask("facts", folder=host.entry.folder)["uid"] == 0)
            removed.extend(stay.sweep(host, everything=True))
            if host.ask("leftovers", base=host.entry.folder) is None:
                host.remove_agent()
        except SplitbrainError as error:
            problems.append(error.problem)
        finally:
            host.close()

    each(hosts, one)
    return sorted(removed), sorted(problems)


def _hosts(options: Mapping[str, str]) -> dict[str, SshHost]:
    inventory = read(options[HOSTS])
    return {f"n{i}": SshHost(f"n{i}", entry, inventory.jump) for i, entry in enumerate(inventory.hosts, 1)}


def _checks(host: SshHost) -> list[Check]:
    facts: dict[str, Any] = {}

    def login() -> str:
        host.connect()
        return f"{host.entry.user} at {host.entry.where}"

    def agent() -> str:
        host.bring_agent()
        facts.update(host.ask("facts", folder=host.entry.folder))
        host.note_root(facts["uid"] == 0)
        probe = posixpath.join(host.entry.folder, "trial")
        host.put(probe, b"trial", timeout_s=host.entry.call_timeout)
        host.exec(("rm", probe), timeout_s=host.entry.call_timeout)
        return f"brought to {host.entry.folder}, and it answers"

    return [
        Check(LOGIN, "everything there goes through it", DOCS, login),
        Check(AGENT, "starts, stops and watches the node", DOCS, agent, [LOGIN]),
        Check(PYTHON, "the node program runs in it", DOCS, lambda: _python(host, facts), [AGENT]),
        Check(CLOCK, "times of its log lines are told in ours", DOCS, lambda: _clock(host, facts), [AGENT]),
        Check(DISK, "the node's data and logs are there", DOCS, lambda: _disk(host, facts), [AGENT]),
        Check(FILES, "a node holds a connection per client and peer", DOCS, lambda: _files(facts), [AGENT]),
        Check(SIGNALS, "kill and pause are signals", DOCS, lambda: str(host.ask("signals")), [AGENT]),
        Check(
            RULES,
            "partitions are rules, and their counters the evidence",
            DOCS,
            lambda: _rules(host, facts),
            [AGENT],
        ),
    ]


def _python(host: SshHost, facts: Mapping[str, Any]) -> str:
    refuse_python(host.name, facts["python"], facts["machine"])
    return f"Python {'.'.join(map(str, facts['python']))} on {facts['machine']}"


def _clock(host: SshHost, facts: Mapping[str, Any]) -> str:
    _, wall_s = clocks(host, facts["boot"])
    refuse_clock(host, wall_s)
    return f"{abs(wall_s) * 1000:.0f} ms from ours"


def _disk(host: SshHost, facts: Mapping[str, Any]) -> str:
    refuse_room(host, facts["free"])
    return f"{facts['free'] / (1 << 30):.1f} GiB free under {host.entry.folder}"


def _files(facts: Mapping[str, Any]) -> str:
    seen = f"{facts['files']} open files allowed"
    if 0 <= facts["files"] < LEAST_FILES:
        raise Doubtful(seen)
    return seen


def _rules(host: SshHost, facts: Mapping[str, Any]) -> str:
    refuse_tools(host.name, facts["tools"], ("nft",))
    as_root(host, reached.TRIAL_INSTALL)
    try:
        host.ask("packet", port=reached.TRIAL_PORT)
        counted = reached.parse_counters({host.name: as_root(host, reached.TRIAL_LIST).stdout})[host.name]
    finally:
        as_root(host, reached.TRIAL_REMOVE)
    if [c.packets for c in counted] != [1]:
        raise EnvironmentFault(f"one packet was sent against a rule, which counted {counted}")
    return "a rule dropped a packet and counted it"
