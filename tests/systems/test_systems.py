"""The plug-in classes of the in-repo systems: options, claims, and errors that name the fix."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from systems.paxos.system import Paxos
from systems.primary_backup.system import PrimaryBackup
from systems.raft.bugs import BUGS
from systems.raft.system import Raft

Plugin = type[Raft] | type[Paxos] | type[PrimaryBackup]

NODES = ("n1", "n2", "n3")
LINEARIZABLE = {"register": "linearizable", "cas-register": "linearizable"}


@pytest.mark.parametrize("system", [Raft, Paxos, PrimaryBackup])
def test_defaults_are_right_and_every_option_has_help(system: Plugin) -> None:
    system.check({}, NODES)
    system.check(system.options, NODES)
    assert system.options.keys() == system.option_help.keys()


@pytest.mark.parametrize("bug", BUGS)
def test_every_planted_bug_can_be_asked_for(bug: str) -> None:
    Raft.check({**BUGS[bug].options, "bug": bug}, NODES)


@pytest.mark.parametrize(
    ("system", "options", "message"),
    [
        (Raft, {"elections": "1"}, "unknown option 'elections'; did you mean 'election_ms'"),
        (Raft, {"election_ms": "-5"}, "option election_ms='-5' must be a whole number from 20 to 60000"),
        (Raft, {"heartbeat_ms": "500"}, "heartbeat_ms=500 must be less than election_ms=500"),
        (Raft, {"priority": "n1"}, "option priority: 'n1' is not NODE=NUMBER"),
        (Raft, {"priority": "n4=1"}, "unknown node in option priority 'n4'"),
        (Raft, {"bug": "stale-reads"}, "unknown bug 'stale-reads'; did you mean 'stale-read'"),
        (Paxos, {"election": "1"}, "unknown option 'election'; did you mean 'election_ms'"),
        (Paxos, {"heartbeat_ms": "250"}, "heartbeat_ms=250 must be less than half of election_ms=500"),
        (Paxos, {"bug": "no-adapt"}, "unknown bug 'no-adapt'; did you mean 'no-adopt'"),
        (PrimaryBackup, {"mode": "asynk"}, "unknown value of option mode 'asynk'; did you mean 'async'"),
        (PrimaryBackup, {"takeover_ms": "80"}, "heartbeat_ms=80 must be less than takeover_ms=80"),
    ],
)
def test_wrong_options_are_one_clear_error(system: Plugin, options: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        system.check(options, NODES)


def test_claims() -> None:
    assert Raft.claims == Paxos.claims == LINEARIZABLE
    assert PrimaryBackup().claims({"mode": "sync"}) == LINEARIZABLE
    assert "linearizable" not in PrimaryBackup().claims({}).values()
