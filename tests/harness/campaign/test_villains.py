"""Runs that do their worst: each is one clear row, and the others are unaffected."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from harness.campaign.jobs import Result
from harness.campaign.store.database import Store
from harness.campaign.store.index import reindex
from harness.campaign.store.past import nights_of, results_of
from tests.harness.campaign import villains
from tests.harness.campaign.nights import run_campaign

FILE = Path(villains.__file__)
EXPECTED = {
    "Hungry": ("memory", "held more than 600 MB"),
    "Endless": ("hung", "did not end within 6 s"),
    "Filler": ("disk", "wrote more than 64 MB"),
    "Talker": ("", "File too large"),
    "Wiper": ("", "No such file or directory"),
    "Forger": ("corrupt", "result.json is garbled"),
    "Impostor": ("corrupt", "result.json is of another run, somebody/else#1"),
    "Linker": ("corrupt", "result.json is a link"),
    "Blocker": ("corrupt", "result.json cannot be read: Is a directory"),
    "Quitter": ("crashed", "status 0"),
    "Suicide": ("crashed", "signal SIGSEGV"),
    "Raiser": ("crashed", "KeyboardInterrupt"),
    "import-raises": ("plug-in", "importing it raised ZeroDivisionError"),
    "import-hangs": ("hung", "did not end within 6 s"),
    "import-exits": ("crashed", "status 3"),
}


def campaign_of(tmp_path: Path) -> str:
    """Every villain once, with honest runs before, between and after."""
    bad = {
        "import-raises": "1 / 0",
        "import-hangs": "while True: pass",
        "import-exits": "import os; os._exit(3)",
    }
    for name, body in bad.items():
        (tmp_path / f"{name}.py").write_text(f"{body}\n\n\nclass System:\n    pass\n")
    systems = {name: f"{tmp_path / name}.py:System" if name in bad else f"{FILE}:{name}" for name in EXPECTED}
    tables = [f'[[systems]]\nname = "{name}"\nsystem = "{where}"\n' for name, where in systems.items()]
    return "\n".join(
        [
            'name = "villains"\nseeds = "1"\nworkers = 2\n',
            '[defaults]\non = "sim"\ntime = "2s"\n',
            'limit_time = "6s"\nlimit_memory = "600MB"\nlimit_disk = "64MB"\n',
            '[[systems]]\nname = "raft"\n',
            *tables,
            '[[matrix]]\nsystems = ["raft"]\nnemeses = "partition"\nseeds = "1..8"\n',
            f'[[matrix]]\nsystems = {list(systems)}\nnemeses = "partition"\n',
        ]
    )


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, Result]]]:
    """The whole night, once."""
    tmp_path = tmp_path_factory.mktemp("villains")
    ended = run_campaign(tmp_path, campaign_of(tmp_path))
    assert ended.code == 3, ended.said
    with Store(tmp_path / "runs") as store:
        (only,) = nights_of(store, "villains")
        return tmp_path / "runs", results_of(store, only["id"])


def test_the_others_are_unaffected(night: tuple[Path, list[tuple[str, Result]]]) -> None:
    honest = [result for _, result in night[1] if result.system == "raft"]
    assert Counter(result.outcome for result in honest) == {"valid": 8}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_one_clear_row(name: str, night: tuple[Path, list[tuple[str, Result]]]) -> None:
    cause, said = EXPECTED[name]
    (mine,) = [result for _, result in night[1] if result.system == name]
    assert (mine.outcome, mine.cause) == ("failed", cause), mine.said
    assert mine.said
    assert said in mine.said[0]
    assert mine.replay.startswith("splitbrain run ")


def test_what_they_wrote_is_gone(night: tuple[Path, list[tuple[str, Result]]]) -> None:
    size = sum(path.lstat().st_size for path in night[0].rglob("*") if path.is_file())
    assert size < 8 << 20


def test_the_database_is_that_of_the_folders(night: tuple[Path, list[tuple[str, Result]]]) -> None:
    with Store(night[0]) as store:
        before = store.dump()
    count, problems = reindex(night[0], lambda _count, _name: None)
    with Store(night[0]) as store:
        assert store.dump() == before
    assert (count, problems) == (8 + len(EXPECTED), [])


def test_a_page_tells_of_each(night: tuple[Path, list[tuple[str, Result]]]) -> None:
    (page,) = night[0].glob("*/report.json")
    rows = {row["cell"]: row["trouble"] for row in msgspec.json.decode(page.read_bytes())["runs"]}
    for name, (cause, _) in EXPECTED.items():
        (trouble,) = [told for cell, told in rows.items() if cell.startswith(f"{name}/")]
        assert trouble.startswith(f"{cause}: " if cause else "workload failed: ")
