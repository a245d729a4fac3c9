"""The file that `splitbrain init` writes: it is accepted as it is and with every example switched on, names
every key with its default, and is never written over unasked.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from harness.campaign import file
from harness.campaign.file import CampaignFile, RunKeys, Table, parse_campaign, read_campaign
from harness.campaign.looking import looked_at
from harness.campaign.matrix import DEFAULT_PLACE, DISK_MB, MEMORY_MB, expand, values_of
from harness.campaign.template import SCHEMA, init_command, initial_file
from harness.config import RunConfig
from harness.errors import ConfigError

TABLES = [thing for thing in vars(file).values() if isinstance(thing, type) and issubclass(thing, Table)]
SECTIONS = {
    name: next(a for a in (field.annotation, *getattr(field.annotation, "__args__", ())) if a in TABLES)
    for name, field in CampaignFile.model_fields.items()
    if any(a in TABLES for a in (field.annotation, *getattr(field.annotation, "__args__", ())))
}
GIVEN = {"place", "system", "options"}  # by values_of, whatever it gets
EXAMPLE = re.compile(r"^#(?=[a-z_]+ = |\[)", re.MULTILINE)


def full_text() -> str:
    """The file with the mark of every example taken away."""
    return EXAMPLE.sub("", initial_file("nightly"))


def examples() -> dict[str, tuple[Any, str]]:
    """From "table.key" to the value and the words of a commented key."""
    table, found = "", {}
    for line in initial_file("nightly").splitlines():
        head = re.match(r"#?\[+([a-z_]+)\]", line)
        if head:
            table = head[1]
        example = re.match(r"#(([a-z_]+) = .*)", line)
        if example:
            value = tomllib.loads(example[1])[example[2]]
            found[f"{table}.{example[2]}"] = (value, example[1].partition("#")[2])
    return found


def own_keys(table: type[BaseModel]) -> set[str]:
    """Those that are explained in the table; what may be said of any run is explained in [defaults]."""
    keys = set(table.model_fields)
    return keys if table is RunKeys else keys - set(RunKeys.model_fields)


def test_it_is_accepted_as_it_is() -> None:
    campaign = parse_campaign(initial_file("my-night"), "it")
    assert campaign.name == "my-night"
    assert {system.system or system.name for system in campaign.systems} == {"raft", "primary-backup"}
    assert campaign.defaults.on == "sim"
    assert campaign.expect
    assert campaign.thresholds.ops_ok
    assert campaign.zoo is None


def test_editors_find_the_schema() -> None:
    assert initial_file("n").splitlines()[0] == f"#:schema ./{SCHEMA}"


def test_it_is_accepted_with_every_example_switched_on() -> None:
    assert len(full_text()) < len(initial_file("nightly")) - 20
    assert "\n#[" not in full_text()
    campaign = parse_campaign(full_text(), "it")
    assert campaign.zoo is not None
    assert campaign.exclude


def test_every_key_of_every_table_is_in_it() -> None:
    document = tomllib.loads(full_text())
    assert own_keys(CampaignFile) <= set(document)
    assert set(SECTIONS.values()) == set(TABLES) - {Table, CampaignFile}
    for name, kind in SECTIONS.items():
        tables = document[name] if isinstance(document[name], list) else [document[name]]
        there = {key for table in tables for key in table}
        assert own_keys(kind) <= there, name


def test_an_example_that_is_not_called_one_is_the_default() -> None:
    shown = parse_campaign(full_text(), "it")
    checked = 0
    for name, (_, words) in examples().items():
        table, _, key = name.rpartition(".")
        if "e.g." in words or table in ("exclude", "matrix"):
            continue
        if table == "defaults":
            of_a_run = {"limit_memory": MEMORY_MB, "limit_disk": DISK_MB, "options": {}, "on": DEFAULT_PLACE}
            configured = next(iter(set(values_of({key: 0, "options": {}}, "")) - GIVEN), "")
            default = of_a_run[key] if key in of_a_run else RunConfig.model_fields[configured].default
            assert getattr(shown.defaults, key) == default, key
        else:
            section = SECTIONS[table].model_fields[key]
            assert getattr(getattr(shown, table), key) == section.get_default(call_default_factory=True), name
        checked += 1
    assert checked >= 15


def test_every_key_of_a_table_is_explained_where_it_is_not_obvious() -> None:
    obvious = {"nodes", "clients", "keys", "judge_memory", "reason", "name", "options", "system", "cells"}
    explained, named = set(), set()
    for line in initial_file("nightly").splitlines():
        key = re.match(r"#?([a-z_]+) = ", line)
        if key:
            named.add(key[1])
            explained |= {key[1]} if "  # " in line else set()
    assert named - explained <= obvious


def test_its_cells_can_be_planned() -> None:
    matrix = expand(parse_campaign(initial_file("nightly"), "it"), looked_at)
    assert matrix.problems == []
    cells = [spec.cell for spec in matrix.specs]
    assert len(cells) == 19
    assert {cell.place for cell in cells} == {"sim"}
    assert sum(cell.expect == "anomaly" for cell in cells) == 2


def test_it_is_written_with_the_schema_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new folder" / "nightly.toml"
    assert init_command(str(target), False) == 0
    campaign, text = read_campaign(target)
    assert campaign.name == "nightly"
    assert text == initial_file("nightly")
    assert json.loads((target.parent / SCHEMA).read_text()) == file.schema()
    assert sorted(path.name for path in target.parent.iterdir()) == [SCHEMA, "nightly.toml"]
    assert f"splitbrain campaign '{target}' --dry-run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stem", "name"),
    [("a b%c", "a-b-c"), ("_x", "x"), ("...", "campaign"), ("ü", "campaign"), ("v1.2+3", "v1.2+3")],
)
def test_the_campaign_is_called_as_its_file_as_far_as_it_may_be(tmp_path: Path, stem: str, name: str) -> None:
    init_command(str(tmp_path / f"{stem}.toml"), False)
    assert read_campaign(tmp_path / f"{stem}.toml")[0].name == name


def test_what_is_there_is_written_over_only_if_that_is_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "c.toml"
    target.write_text("mine")
    with pytest.raises(ConfigError, match=r"c\.toml is there already\n  fix: give --force"):
        init_command(str(target), False)
    assert target.read_text() == "mine"
    assert not (tmp_path / SCHEMA).exists()
    assert init_command(str(target), True) == 0
    assert target.read_text() == initial_file("c")


def test_the_schema_may_be_renewed_but_not_a_strange_file_in_its_place(tmp_path: Path) -> None:
    init_command(str(tmp_path / "a.toml"), False)
    init_command(str(tmp_path / "b.toml"), False)
    for strange in ("{}", "not json", "[]"):
        (tmp_path / SCHEMA).write_text(strange)
        with pytest.raises(ConfigError, match="is there already"):
            init_command(str(tmp_path / "c.toml"), False)
        assert (tmp_path / SCHEMA).read_text() == strange


def test_a_folder_or_the_schemas_name_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder\n  fix: .*campaign\.toml"):
        init_command(str(tmp_path), True)
    with pytest.raises(ConfigError, match="cannot be a campaign's file"):
        init_command(str(tmp_path / SCHEMA), True)


def test_errors_of_the_disk_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=rf"file/{SCHEMA}: (Not a directory|File exists)\n  fix: "):
        init_command(str(tmp_path / "file" / "c.toml"), False)
