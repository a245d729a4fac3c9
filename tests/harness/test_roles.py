"""Who leads, from logs that grow."""

from __future__ import annotations

from pathlib import Path

from harness.run.roles import RoleWatcher
from systems.api import RoleChange


class Terse:
    """Its lines are TIME NODE TERM ROLE."""

    def role_of(self, line: str) -> RoleChange | None:
        words = line.split()
        if len(words) != 4:
            return None
        return RoleChange(int(words[0]), words[1], int(words[2]), words[3], None)


def watcher(folder: Path, *nodes: str) -> RoleWatcher:
    return RoleWatcher(Terse(), {node: [folder / node] for node in nodes})


def say(folder: Path, node: str, text: str) -> None:
    with (folder / node).open("a") as file:
        file.write(text)


def test_the_highest_term_is_believed(tmp_path: Path) -> None:
    roles = watcher(tmp_path, "n1", "n2")
    assert roles.leader() is None
    say(tmp_path, "n1", "1 n1 3 leader\n")
    assert roles.leader() == "n1"
    say(tmp_path, "n2", "2 n2 4 primary\n")
    assert roles.leader() == "n2", "n1 was deposed and cannot know it"
    say(tmp_path, "n2", "3 n2 5 follower\n")
    assert roles.leader() == "n1"


def test_half_a_line_waits_and_no_line_is_read_twice(tmp_path: Path) -> None:
    roles = watcher(tmp_path, "n1")
    say(tmp_path, "n1", "chatter\n1 n1 3 lea")
    assert roles.leader() is None
    say(tmp_path, "n1", "der\n")
    assert roles.leader() == "n1"
    roles.poll()
    assert len(roles.changes) == 1


def test_a_system_that_tells_nothing_has_no_leader(tmp_path: Path) -> None:
    say(tmp_path, "n1", "1 n1 3 leader\n")
    roles = RoleWatcher(object(), {"n1": [tmp_path / "n1"]})
    assert roles.leader() is None


def test_times_of_a_host_with_a_clock_of_its_own_are_told_in_ours(tmp_path: Path) -> None:
    files = {name: [tmp_path / name] for name in ("n1", "n2")}
    roles = RoleWatcher(Terse(), files, {"n2": 1_000})
    say(tmp_path, "n1", "5 n1 1 leader\n")
    say(tmp_path, "n2", "7 n2 2 leader\n")
    roles.poll()
    assert {c.node: c.time_ns for c in roles.changes} == {"n1": 5, "n2": 1_007}
