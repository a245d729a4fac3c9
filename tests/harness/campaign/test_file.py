"""The campaign's file: what is accepted, and that everything wrong is told at once, each with its line."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.campaign import file
from harness.campaign.file import Table, parse_campaign, read_campaign, schema
from harness.campaign.lines import line_of
from harness.errors import EXIT_USAGE, ConfigError
from harness.seeds import seed_range

ROOT = Path(__file__).parents[3]
LEAST = 'name = "n"\n[[systems]]\nname = "raft"\n[[matrix]]\n'  # what comes after it is line 5
TABLES: dict[str, type[Table]] = {
    "[defaults]": file.RunKeys,
    "[[systems]]": file.SystemTable,
    "[[matrix]]": file.MatrixTable,
    "[[include]]": file.IncludeTable,
    "[[exclude]]": file.ExcludeTable,
    "[[expect]]": file.ExpectTable,
    "[zoo]": file.ZooTable,
    "[thresholds]": file.ThresholdsTable,
    "[notify]": file.NotifyTable,
    "[retention]": file.RetentionTable,
}


def problems_of(text: str) -> list[tuple[int, str]]:
    """The lines and the sentences of what is wrong, in order of lines."""
    with pytest.raises(ConfigError) as caught:
        parse_campaign(text, "c.toml")
    told = re.findall(r"^  c\.toml:(\d+): (.*)$", caught.value.problem, re.MULTILINE)
    count = "one thing is" if len(told) == 1 else f"{len(told)} things are"
    assert caught.value.problem.splitlines()[0] == f"c.toml: {count} wrong:"
    assert len(caught.value.problem.splitlines()) == len(told) + 1
    return sorted((int(line), said) for line, said in told)


def matrix_of(line: str) -> dict[str, Any]:
    """What becomes of a line in [[matrix]]."""
    return parse_campaign(LEAST + line, "c.toml").matrix[0].model_dump(exclude_unset=True)


def problem_of(line: str) -> str:
    """The only thing that is wrong with a line in [[matrix]]."""
    ((number, said),) = problems_of(LEAST + line)
    assert number == 5
    return said


def test_the_least_that_is_a_campaign() -> None:
    campaign = parse_campaign(LEAST, "c.toml")
    assert (campaign.seeds, campaign.workers, campaign.max_time, campaign.zoo) == (3, None, None, None)
    (matrix,) = campaign.matrix
    assert (matrix.systems, matrix.workloads, matrix.nemeses) == (["*"], ["default"], ["default"])
    assert campaign.retention.failing_nights == 30


WRONG = """\
# name = "in a comment"
name = "bad name"
seeds = 0
[defaults]
on = "sim" # time = "not here", nodes = 99
# nodes = 99
nodes = 99

[[systems]]
name = "raft"
[systems.options]
mode = "a"
fsync = true
[[systems]]
name = "two"
options = { a = "1", b = false }
nodse = 3
[[matrix]]
time = "1s"
[[matrix]]
# time = "soon"
keys = 0
time = "soon"
workloads = [
  "register",
]
  [[ matrix ]]
  "rate" = -1
  options.b = true
[[expect]]
cells = "time = no"
[zoo]
tries = "many"
[notify]
webhook = "ftp://x"
"""


def test_everything_wrong_is_told_at_once_with_its_line() -> None:
    told = problems_of(WRONG)
    assert [line for line, _ in told] == [2, 3, 7, 13, 16, 17, 22, 23, 28, 29, 30, 33, 35]
    places = ["name", "seeds", "defaults.nodes", "systems[1].options.fsync", "systems[2].options.b"]
    places += ["unknown key 'nodse' in systems[2]", "matrix[2].keys", "matrix[2].time", "matrix[3].rate"]
    places += ["matrix[3].options.b", "expect[1].reason is missing", "zoo.tries", "notify.webhook"]
    assert [said[: len(place)] for (_, said), place in zip(told, places, strict=True)] == places


def test_what_tables_say_of_each_other_is_told_at_once_with_its_line() -> None:
    text = """\
name = "n"
[[systems]]
name = "raft"
[[systems]] # name = "x"
system = "paxos"
name = "raft"
[[matrix]]
systems = "raft"
[[matrix]]
nemeses = "kill"
systems = ["raft", "*", "rfat"]
[[include]]
system = "raft"
[[include]]
system = "paxos"
"""
    assert problems_of(text) == [
        (6, "systems[2].name: 'raft' is there twice"),
        (11, "matrix[2].systems: no [[systems]] is called 'rfat': did you mean 'raft'?"),
        (15, "include[2].system: no [[systems]] is called 'paxos': choose one of: raft, raft"),
    ]


def test_lines_of_inline_tables() -> None:
    text = """\
name = "n"
systems = [
  { name = "raft" },
  { name = "raft", options = { b = true } },
]
include = [{ system = "raft", tiem = "1s" }]
"""
    assert problems_of(text) == [
        (4, problem_of("options = { b = true }").replace("matrix[1]", "systems[2]")),
        (6, "unknown key 'tiem' in include[1]: did you mean 'time'?"),
    ]
    twice = text.replace(", options = { b = true }", "").replace("tiem", "time")
    assert problems_of(twice) == [(4, "systems[2].name: 'raft' is there twice")]


def test_a_key_of_the_file_is_not_one_of_a_table() -> None:
    assert problems_of('[[systems]]\nname = "raft"\n[[matrix]]\n') == [(1, "name is missing")]


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ((), 1),
        (("matrix", 1), 20),
        (("zoo",), 32),
        (("zoo", "bugs"), 32),
        (("systems", 0, "options", "mode"), 12),
        (("systems", 1, "options", "a"), 16),
        (("nothing",), 1),
    ],
)
def test_the_line_of_what_is_asked_for(where: tuple[int | str, ...], line: int) -> None:
    assert line_of(WRONG, where) == line


@pytest.mark.parametrize("head", TABLES)
def test_an_unknown_key_is_an_error_in_every_table(head: str) -> None:
    told = problems_of(f'{LEAST}[[systems]]\nname = "x"\n{head}\nzzz = 1\n')
    table = head.strip("[]")
    number = {"systems": "[3]", "matrix": "[2]", "include": "[1]", "exclude": "[1]", "expect": "[1]"}
    said = f"unknown key 'zzz' in {table}{number.get(table, '')}: choose one of: "
    (mine,) = [(line, words) for line, words in told if "zzz" in words]
    assert mine[0] == 8
    assert mine[1].startswith(said)
    keys = mine[1].removeprefix(said).split(", ")
    assert keys == sorted(TABLES[head].model_fields)


def test_an_unknown_key_outside_of_tables() -> None:
    ((line, said),) = problems_of("\nsede = 3\n" + LEAST)
    assert (line, said) == (2, "unknown key 'sede' in the file: did you mean 'seeds'?")


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('time = "90s"', "time", 90.0),
        ('time = "30"', "time", 30.0),
        ('time = "500ms"', "time", 0.5),
        ('time = "2m"', "time", 120.0),
        ('time = "1.5h"', "time", 5400.0),
        ("time = 12", "time", 12.0),
        ("time = 0.5", "time", 0.5),
        ("time = 2592000", "time", 2592000.0),
        ('limit_memory = "512MB"', "limit_memory", 512),
        ('limit_memory = " 1.5 gb "', "limit_memory", 1536),
        ("limit_disk = 64", "limit_disk", 64),
        ('seeds = "7"', "seeds", "7"),
        ('seeds = "0 .. 20"', "seeds", "0 .. 20"),
        ("seeds = 1000000", "seeds", 1_000_000),
        ('options = { a = "yes", b = 2, int = 0.5 }', "options", {"a": "yes", "b": "2", "int": "0.5"}),
        ('workloads = "register"', "workloads", ["register"]),
        ('nemeses = ["kill", "partition,kill"]', "nemeses", ["kill", "partition,kill"]),
        ("rate = 0", "rate", 0.0),
        ("skip_unavailable = true", "skip_unavailable", True),
        ('label = ""', "label", ""),
    ],
)  # fmt: skip
def test_what_a_value_becomes(line: str, key: str, value: Any) -> None:
    (became,) = matrix_of(line).values()
    assert matrix_of(line) == {key: value}
    assert type(became) is type(value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('time = "-1s"', "matrix[1].time: a time: '-1s' is not a duration: write for example 30s"),
        ('time = "soon"', "matrix[1].time: a time: 'soon' is not a duration"),
        ('time = "0s"', "matrix[1].time: Input should be greater than 0 (got '0s')"),
        ('time = "721h"', "matrix[1].time: Input should be less than or equal to 2592000"),
        ("time = true", "matrix[1].time: Input should be a valid number (got True)"),
        ('limit_memory = "4TB"', "matrix[1].limit_memory: '4TB' is no amount of memory"),
        ('limit_memory = "63MB"', "matrix[1].limit_memory: Input should be greater than or equal to 64"),
        (f'limit_disk = "{"9" * 400}GB"', "matrix[1].limit_disk: '999"),
        ("limit_disk = 64.5", "matrix[1].limit_disk: Input should be a valid integer"),
        ("seeds = 0", "matrix[1].seeds: from 1 to 1,000,000 seeds a night (got 0)"),
        ("seeds = 1000001", "matrix[1].seeds: from 1 to"),
        ("seeds = true", 'matrix[1].seeds: write a number of new seeds, or a range: "1..20" (got True)'),
        ("seeds = 1.5", "matrix[1].seeds: write a number"),
        ('seeds = "9..1"', "matrix[1].seeds: '9..1': the first seed is not above the last"),
        ('seeds = "1..1000001"', "matrix[1].seeds: '1..1000001': the first seed is not above the last"),
        ('seeds = "-1..3"', "matrix[1].seeds: '-1..3' is no range of seeds"),
        ('seeds = ""', "matrix[1].seeds: '' is no range of seeds"),
        ('seeds = "9223372036854775808"', "matrix[1].seeds: '9223372036854775808': "),
        ("options = { a = true }", "matrix[1].options.a: write it as text, as with -o KEY=VALUE: \"yes\""),
        ("options = { a = false }", "matrix[1].options.a: write it as text"),
        ("options = { str = false }", "matrix[1].options.str: write it as text"),
        ("options = { a = [] }", "matrix[1].options.a: Input should be a valid string"),
        (f'options = {{ a = "{"x" * 1001}" }}', "matrix[1].options.a: "),
        ('on = "moon"', "matrix[1].on: Input should be 'local', 'docker', 'ssh' or 'sim' (got 'moon')"),
        ("nodes = 0", "matrix[1].nodes: Input should be greater than or equal to 1"),
        ("nodes = 26", "matrix[1].nodes: Input should be less than or equal to 25"),
        ('nodes = "3"', "matrix[1].nodes: Input should be a valid integer"),
        ("clients = 1001", "matrix[1].clients: Input should be less than or equal to 1000"),
        ("rate = nan", "matrix[1].rate: Input should be greater than or equal to 0"),
        ("ops_per_key = 0", "matrix[1].ops_per_key: Input should be greater than or equal to 1"),
        ('skip_unavailable = "yes"', "matrix[1].skip_unavailable: Input should be a valid boolean"),
        ('failed_cas = "no"', "matrix[1].failed_cas: Input should be 'observation' or 'did-not-happen'"),
        ("workloads = []", "matrix[1].workloads: Value should have at least 1 item"),
        ('workloads = ["a", 3]', "matrix[1].workloads[2]: Input should be a valid string (got 3)"),
        ('label = "a+b"', "matrix[1].label: String should match pattern"),
    ],
)  # fmt: skip
def test_what_a_value_may_not_be(line: str, said: str) -> None:
    assert problem_of(line).startswith(said)


@pytest.mark.parametrize(
    "line",
    [
        "[thresholds]\noverlap = 1.1",
        "[thresholds]\nunknown = -0.1",
        "[thresholds]\nops_ok = -1",
        '[thresholds]\nrecovery = "0s"',
        "[retention]\nfailing_nights = 0",
        "[zoo]\ntries = 0",
        "[zoo]\nbugs = []",
        '[notify]\nwebhook = "file:///etc/passwd"',
        '[[exclude]]\ncells = "a"\nreason = ""',
        '[[expect]]\ncells = "a"\nreason = "r"\noutcome = "valid"',
    ],
)
def test_what_other_tables_refuse(line: str) -> None:
    ((number, _),) = problems_of(LEAST + line)
    assert number == 4 + len(line.splitlines())


@pytest.mark.parametrize("name", ["", "a b", "-a", "_a", "a/b", "a@b", "a#b", "ä", "a\\n"])
def test_names_are_names_of_files(name: str) -> None:
    assert problems_of(LEAST.replace('"n"', f'"{name}"'))[0][1].startswith("name: ")
    assert problems_of(LEAST.replace('"raft"', f'"{name}"'))[0][1].startswith("systems[1].name: ")


def test_there_is_something_to_run() -> None:
    nothing = 'name = "n"\n[[systems]]\nname = "raft"\n'
    assert problems_of(nothing) == [(1, "there is nothing to run: no [[matrix]], no [[include]], no [zoo]")]
    assert problems_of('name = "n"\n[[matrix]]\n') == [(1, "there are no [[systems]] to run")]
    assert parse_campaign('name = "n"\n[zoo]\n', "c.toml").zoo is not None
    assert parse_campaign(nothing + '[[include]]\nsystem = "raft"\n', "c.toml").include


@given(st.integers(0, 2**63 - 1), st.integers(0, file.MOST_SEEDS))
def test_a_range_of_seeds_has_both_ends(first: int, more: int) -> None:
    last = first + more
    if more == file.MOST_SEEDS or last >= 2**63:
        with pytest.raises(ValueError, match="not above the last"):
            seed_range(f"{first}..{last}")
    else:
        assert seed_range(f"{first}..{last}") == range(first, last + 1)
    assert seed_range(f" {first} ") == range(first, first + 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"name = \n", "not TOML: Invalid value (at line 1, column 8)"),
        (b'name = "a"\nname = "b"\n', "not TOML: Cannot overwrite a value (at line 2"),
        (b"a = " + b"9" * 5000, "not TOML: "),
        (b"a = " + b"[" * 5000, "not TOML: "),
        (b'name = "\xff"', "not UTF-8, at byte 8"),
    ],
)
def test_what_is_no_text_of_a_campaign(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_campaign(path)
    assert caught.value.problem.startswith(f"{path}: {said}")
    assert caught.value.fix
    assert caught.value.exit_code == EXIT_USAGE


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory") as caught:
        read_campaign(tmp_path / "none.toml")
    assert "splitbrain init" in str(caught.value)
    with pytest.raises(ConfigError, match="Is a directory"):
        read_campaign(tmp_path)


def test_a_file_is_read_with_its_text(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(LEAST)
    assert read_campaign(path) == (parse_campaign(LEAST, "c.toml"), LEAST)


def takes(part: dict[str, Any], value: Any) -> bool:
    """Whether a part of the schema takes a value: as much of JSON schema as is needed here."""
    if "$ref" in part:
        return takes(schema()["$defs"][part["$ref"].removeprefix("#/$defs/")], value)
    if "anyOf" in part:
        return any(takes(one, value) for one in part["anyOf"])
    if value not in part.get("enum", [value]):
        return False
    match part.get("type"):
        case "object":
            others = part.get("additionalProperties")
            keys = {key: part.get("properties", {}).get(key, others) for key in value}
            whole = set(part.get("required", ())) <= set(value)
            return whole and all(one and takes(one, value[key]) for key, one in keys.items())
        case "array":
            return isinstance(value, list) and all(takes(part["items"], one) for one in value)
        case kind:
            kinds = {
                "string": str,
                "number": (int, float),
                "integer": int,
                "null": type(None),
                "boolean": bool,
            }
            return kind is None or isinstance(value, kinds[kind])


def test_the_schema_takes_what_the_program_takes() -> None:
    assert json.loads(json.dumps(schema())) == schema()
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    document = tomllib.loads((ROOT / "campaigns" / "smoke.toml").read_text())
    assert takes(schema(), document)
    assert takes(schema(), {**document, "seeds": 3, "max_time": 60, "defaults": {"limit_memory": "4GB"}})
    assert not takes(schema(), {key: document[key] for key in document if key != "name"})
    for wrong in ({"sedes": 3}, {"defaults": {"on": "moon"}}, {"max_time": ["8h"]}, {"exclude": [{}]}):
        assert not takes(schema(), {**document, **wrong})


def test_the_schema_in_the_folder_is_of_this_program() -> None:
    assert json.loads((ROOT / "campaigns" / "campaign.schema.json").read_text()) == schema()


def test_every_table_of_the_schema_is_closed() -> None:
    for name, part in {**schema()["$defs"], "": schema()}.items():
        assert part["additionalProperties"] is False, name


@pytest.mark.parametrize("path", sorted((ROOT / "campaigns").glob("*.toml")), ids=lambda path: path.name)
def test_our_own_campaigns_are_accepted(path: Path) -> None:
    assert read_campaign(path)[0].name == path.stem
