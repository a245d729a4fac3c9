"""The generated code is what the .proto files give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def generated(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in (folder / "systems").rglob("*_pb2.py*")
        if path.suffix in (".py", ".pyi")
    }


def test_the_generated_code_is_that_of_the_proto_files(tmp_path: Path) -> None:
    subprocess.run(["sh", str(ROOT / ".ci/protos"), sys.executable, str(tmp_path)], check=True)
    fresh, ours = generated(tmp_path), generated(ROOT)
    assert fresh.keys() == ours.keys(), "run `make protos` and commit what it makes"
    stale = [name for name, text in fresh.items() if ours[name] != text]
    assert stale == [], "run `make protos`"
