"""A run folder: there and back, whole or not at all, and clear words when it is garbled."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from reports import archive
from reports.record import RunRecord
from tests.reports import samples


def write(folder: Path, record: RunRecord) -> None:
    """With made-up reports."""
    archive.write(folder, record, "<p>page</p>", "text\n")


@pytest.mark.parametrize("name", samples.ALL)
def test_a_record_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    record = samples.ALL[name]()
    write(tmp_path / "run", record)
    again = archive.read(tmp_path / "run")
    assert again.card == record.card
    assert again.roles == record.roles
    assert msgspec.json.encode(again.claims) == msgspec.json.encode(record.claims)
    assert again.history == record.history
    assert (tmp_path / "run" / "report.html").read_text() == "<p>page</p>"
    assert not list((tmp_path / "run").glob(".*")), "no temporary file stays"


def test_a_journal_that_exists_is_not_rewritten_and_its_tear_is_told(tmp_path: Path) -> None:
    record = samples.interrupted()
    write(tmp_path / "first", record)
    whole = (tmp_path / "first" / "history.jsonl").read_bytes()
    torn = whole[: whole.rindex(b"\n", 0, len(whole) - 1) - 5]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "history.jsonl").write_bytes(torn)
    write(tmp_path / "run", record)
    assert (tmp_path / "run" / "history.jsonl").read_bytes() == torn
    assert any("no footer" in note for note in archive.read(tmp_path / "run").card.notes)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("card.json", None, "is missing"),
        ("card.json", b'{"run_id": 1', "is garbled"),
        ("claims.json", b"{}", "is garbled"),
        ("roles.json", b'[{"node": 3}]', "is garbled"),
        ("roles.json", b"\xff\xfe", "is garbled"),
        ("history.jsonl", None, "is missing"),
        ("history.jsonl", b"nonsense\n", "line 1"),
    ],
)
def test_what_is_missing_or_garbled_is_named_with_a_fix(
    name: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    write(tmp_path, samples.valid_raft(50))
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(archive.ArchiveError) as caught:
        archive.read(tmp_path)
    assert caught.value.path == tmp_path / name
    assert words in caught.value.problem
    assert caught.value.fix
    assert str(tmp_path / name) in str(caught.value)


def test_the_card_comes_last_so_a_folder_with_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    original = archive.write_atomically

    def watched(path: Path, content: bytes) -> None:
        written.append(path.name)
        original(path, content)

    monkeypatch.setattr(archive, "write_atomically", watched)
    write(tmp_path, samples.valid_raft(50))
    assert written[-1] == "card.json"
    assert set(written) == {
        "history.jsonl", "claims.json", "roles.json", "report.html", "report.txt", "card.json",
    }  # fmt: skip


def test_a_folder_that_cannot_be_written_is_an_archive_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(archive.ArchiveError, match="cannot be written"):
        write(tmp_path / "file" / "run", samples.failed_setup())


def test_runs_are_listed_latest_first_and_half_written_ones_are_named(tmp_path: Path) -> None:
    for name, started in (("a", "2026-03-14T01:00:00"), ("b", "2026-03-14T03:00:00")):
        record = samples.failed_setup()
        card = msgspec.structs.replace(record.card, started_at=started)
        write(tmp_path / name, RunRecord(card, record.history, record.claims))
    for name, file, content in (("c", "plan.json", b"{}"), ("d", "card.json", b"{"), ("e", "notes.txt", b"")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_bytes(content)
    runs = archive.list_runs(tmp_path)
    assert [r.folder.name for r in runs] == ["b", "a", "c", "d"]
    assert [r.card is not None for r in runs] == [True, True, False, False]
    assert "no card.json" in (runs[2].problem or "")
    assert "garbled" in (runs[3].problem or "")
    with pytest.raises(archive.ArchiveError, match="cannot be listed"):
        archive.list_runs(tmp_path / "nowhere")
