"""The command `lincheck`, called in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkers.lincheck.command import main
from tests.checkers.command.texts import BAD, GOOD, ODD_CAS, QUEUE, Ended, Lincheck


@pytest.fixture
def lincheck(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lincheck:
    """Calls `main` in a folder that holds some histories."""
    monkeypatch.chdir(tmp_path)
    texts = {"good": GOOD, "bad": BAD, "cas": ODD_CAS, "queue": QUEUE, "broken": "hello\n"}
    for name, text in texts.items():
        Path(f"{name}.jsonl").write_text(text)

    def call(*argv: str) -> Ended:
        code = main(argv)
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return Ended(code, told.out, told.err)

    return call
