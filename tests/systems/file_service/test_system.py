"""The file service's plug-in class: options, and errors that name the fix; what replicates it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from systems.api import ClientContext, Invocation
from systems.file_service.bugs import BUGS
from systems.file_service.messages import Read, Stage
from systems.file_service.system import REPLICATIONS, FileService
from systems.file_service.tree import Tree
from systems.logic import Ask
from systems.primary_backup.sync_core import SyncCore
from systems.raft.core import RaftCore
from systems.raft.messages import Query

NODES = ("n1", "n2", "n3")


def test_defaults_are_right_and_every_option_has_help() -> None:
    FileService.check({}, NODES)
    FileService.check(FileService.options, NODES)
    assert FileService.options.keys() == FileService.option_help.keys()


@pytest.mark.parametrize("bug", BUGS)
def test_every_planted_bug_can_be_asked_for(bug: str) -> None:
    FileService.check({"bug": bug}, NODES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicas": "raft"}, "unknown option 'replicas'; did you mean 'replication'"),
        ({"replication": "rafd"}, "unknown value of option replication 'rafd'; did you mean 'raft'"),
        ({"chunk": "0"}, "option chunk='0' must be a whole number from 1 to 1048576"),
        ({"upload_life": "x"}, "option upload_life='x' must be a whole number"),
        ({"heartbeat_ms": "500"}, "heartbeat_ms=500 must be less than election_ms=500"),
        ({"replication": "primary-backup", "takeover_ms": "80"}, "must be less than takeover_ms=80"),
        ({"bug": "torn-reads"}, "unknown bug 'torn-reads'; did you mean 'torn-read'"),
    ],
)
def test_wrong_options_are_one_clear_error(options: Mapping[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        FileService.check(options, NODES)


def test_each_replication_carries_the_tree() -> None:
    cores = {"raft": RaftCore, "primary-backup": SyncCore}
    assert set(cores) == set(REPLICATIONS)
    for name, core in cores.items():
        factory = FileService().core({"replication": name})
        assert isinstance(factory, type)
        assert issubclass(factory, core)
        assert isinstance(factory.kind.make({"upload_life": "5"}), Tree)
        assert factory.kind.is_read(Read("a"))
        assert not factory.kind.is_read(Stage("u", "a", 0, b""))


def test_a_client_speaks_as_its_replication_does() -> None:
    first = {}
    for name in REPLICATIONS:
        ctx = ClientContext(0, "n1", dict.fromkeys(NODES, ""), {"replication": name}, 1.0)
        step = next(FileService().logic(ctx).perform(Invocation("read", "t", "a")))
        assert isinstance(step, Ask)
        first[name] = step.command
    assert first == {"raft": Query(Read("t/a")), "primary-backup": Read("t/a")}
