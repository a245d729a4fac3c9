"""The doctor as a user calls it."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Splitbrain


def test_one_place_as_json_with_the_matrix(splitbrain: Splitbrain) -> None:
    ended = splitbrain("doctor", "--on", "local", "--json")
    assert ended.code == 0, ended.err
    found = ended.json()
    assert list(found["places"]) == ["local"]
    assert found["faults"]["local"] == {"partition": [], "kill": [], "pause": []}
    assert all(set(f) >= {"name", "status", "seen", "meaning", "fix"} for f in found["machine"])


def test_a_place_that_cannot_be_used_is_exit_6_with_the_fix(
    splitbrain: Splitbrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    ended = splitbrain("doctor", "--on", "docker")
    assert ended.code == 6
    assert "✗ engine" in ended.out
    assert "fix: " in ended.out
    assert "✗ docker: nothing, as it lacks: engine" in ended.out
    found = splitbrain("doctor", "--on", "docker", "--json").json()
    assert found["faults"]["docker"]["partition"][:2] == ["engine", "image"]
    everywhere = splitbrain("doctor", "--cleanup")
    assert everywhere.code == 0, everywhere.out
    assert "containers were not looked for" in everywhere.err


def test_an_unknown_place_gets_a_suggestion(splitbrain: Splitbrain) -> None:
    ended = splitbrain("doctor", "--on", "dokcer")
    assert ended.code == 4
    assert "did you mean 'docker'?" in ended.err


def test_help_has_examples(splitbrain: Splitbrain) -> None:
    assert "Examples:\n    splitbrain doctor\n" in splitbrain("doctor", "--help").out
