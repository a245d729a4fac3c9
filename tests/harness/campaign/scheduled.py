"""A night to schedule, with a splitbrain that only notes how it was called, and ends as it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.campaign.schedule import Nightly

NASTY = [
    "plain",
    "with space",
    "per%cent %h %%",
    "dol$lar ${HOME} $HOME",
    'quo\'te "s"',
    "a;b&c|d#e`f`(*)=g~é",
]
FAKE = """#!{python}
import json, os, sys, time
from pathlib import Path
here = Path(sys.argv[0]).parent
word = sys.argv[1]
with (here / "log").open("a") as log:
    log.write(json.dumps(dict(words=sys.argv[1:], cwd=os.getcwd())) + "\\n")
print("said by", word)
while word == "campaign" and (here / "hold").exists():
    time.sleep(0.02)
sys.exit(int((here / word).read_text()) if (here / word).exists() else 0)
"""


def made(folder: Path, **changed: Any) -> Nightly:
    """A night with a splitbrain that only notes how it was called."""
    folder.mkdir(parents=True)
    program = folder / "splitbrain"
    program.write_text(FAKE.replace("{python}", sys.executable))
    program.chmod(0o755)
    hosts = (str(folder / "hosts.toml"),)
    file, runs = folder / "c.toml", folder / "runs"
    nightly = Nightly(
        "nightly", (str(program),), file, runs, folder, 2, 30, 5400.0, hosts=hosts, within="c.toml"
    )
    return replace(nightly, **changed)


def calls(nightly: Nightly) -> list[list[str]]:
    """How the fake was called."""
    lines = (nightly.directory / "log").read_text().splitlines()
    called = [json.loads(line) for line in lines]
    assert {call["cwd"] for call in called} == {os.path.realpath(nightly.directory)}
    return [call["words"] for call in called]


def expected(nightly: Nightly, *more: str) -> list[list[str]]:
    runs = ["--runs", str(nightly.runs)]
    return [
        ["doctor", "--cleanup", *runs, "--hosts", nightly.hosts[0]],
        ["campaign", str(nightly.file), *runs, "--max-time", "90m", *more],
        ["gc", *runs],
    ]


def at_once(nightly: Nightly, argv: list[str]) -> tuple[int, int]:
    """The exit codes of two at a time, the first of which is in its night when the second begins."""
    hold = nightly.directory / "hold"
    hold.touch()
    first = subprocess.Popen(argv, cwd=nightly.directory, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        log = nightly.directory / "log"
        while not log.exists() or '"campaign"' not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        second = subprocess.run(argv, cwd=nightly.directory, capture_output=True, timeout=30, check=False)
    finally:
        hold.unlink()
    return first.wait(30), second.returncode
