"""Run folders of these tests, whose names the engine keeps apart."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """A folder with a name that no other has: workers side by side use one engine, and a run's name is its
    folder's.
    """
    folder = tmp_path / f"test-{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    return folder
