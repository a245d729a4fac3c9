"""Bad input: one clear error that names the flag and the fix."""

from __future__ import annotations

import pytest

from harness.config import configure, parse_duration, parse_options, suggestion
from harness.errors import EXIT_USAGE, ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("500ms", 0.5), ("2m", 120.0), ("1.5h", 5400.0), ("7", 7.0), (" 3 s ", 3.0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text, "--time") == seconds


@pytest.mark.parametrize("text", ["", "s", "ten", "-3s", "3d", "3s4"])
def test_what_is_no_duration_is_refused_by_flag(text: str) -> None:
    with pytest.raises(ConfigError, match="--time") as caught:
        parse_duration(text, "--time")
    assert caught.value.exit_code == EXIT_USAGE
    assert caught.value.fix


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"nodes": 0}, "--nodes"),
        ({"nodes": 26}, "--nodes"),
        ({"clients": 0}, "-c"),
        ({"time_s": 0}, "--time"),
        ({"rate": -1}, "--rate"),
        ({"seed": -1}, "--seed"),
        ({"expect": "maybe"}, "--expect"),
        ({"place": "moon"}, "--place"),
        ({"ops_per_key": 0}, "--ops-per-key"),
        ({"nonsense": 1}, "--nonsense"),
    ],
)
def test_a_value_out_of_range_names_its_flag(values: dict[str, object], flag: str) -> None:
    with pytest.raises(ConfigError, match=flag):
        configure({"system": "raft", **values})


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        configure({"system": "raft", "nodes": 0, "clients": 0})
    assert "--nodes" in str(caught.value)
    assert "-c" in str(caught.value)


def test_options() -> None:
    assert parse_options(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for pairs in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(ConfigError):
            parse_options(pairs)


def test_suggestions() -> None:
    assert "'partition'" in suggestion("partitoin", ["partition", "kill"])
    assert "kill, partition" in suggestion("zzzzzz", ["partition", "kill"])
