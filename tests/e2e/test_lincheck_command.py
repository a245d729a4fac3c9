"""The command `lincheck` as a user runs it: the script, its streams, signals; and docs/lincheck.md."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkers.command.texts import BAD, GOOD
from tests.checkers.test_porcupine import LOGS
from tests.e2e.conftest import ROOT, Ended, clean_environment

SCRIPT = Path(sys.executable).with_name("lincheck")
DOCS = ROOT / "docs" / "lincheck.md"
REWRITE = "SPLITBRAIN_REWRITE_DOCS"  # set it to have the outputs in the page written anew
Lincheck = Callable[..., Ended]


@pytest.fixture
def lincheck(tmp_path: Path) -> Lincheck:
    """Runs a command line, where $L is lincheck, in a folder with two histories."""
    (tmp_path / "good.jsonl").write_text(GOOD)
    (tmp_path / "bad.jsonl").write_text(BAD)

    environment = clean_environment() | {"L": str(SCRIPT), "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
    environment.pop("PYTHONUNBUFFERED", None)  # without it, what cannot be written is still there at the end

    def call(command: str) -> Ended:
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        assert "Exception ignored" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return call


def test_the_script(lincheck: Lincheck) -> None:
    ended = lincheck("$L good.jsonl missing.jsonl bad.jsonl")
    assert ended.code == 1
    assert [line.split("\t")[0] for line in ended.out.splitlines()] == ["valid", "invalid"]
    assert "missing.jsonl: No such file" in ended.err
    assert lincheck("$L good.jsonl").code == 0
    assert lincheck("$L good.jsonl missing.jsonl").code == 4


def test_pipes_as_input(lincheck: Lincheck) -> None:
    assert lincheck("cat bad.jsonl | $L -").code == 1
    assert lincheck("$L <(cat good.jsonl) <(cat bad.jsonl)").code == 1
    ended = lincheck("$L - < /dev/null")
    assert (ended.code, "empty" in ended.err) == (4, True)
    assert "standard input" in lincheck("$L - <&-").err


def test_a_reader_that_has_seen_enough(lincheck: Lincheck) -> None:
    """The reader is gone before anything is written: it is waited for."""
    script = "exec 3> >(exec 0<&-; exec true); wait $!; $L %s >&3; echo $?"
    ended = lincheck(script % "good.jsonl good.jsonl")
    assert ended.out == "4\n"
    assert "cannot write" not in ended.err
    assert "Broken pipe" not in ended.err
    assert lincheck(script % "bad.jsonl bad.jsonl").out == "1\n", "a violation is not masked"


def test_an_output_that_is_full_or_closed(lincheck: Lincheck) -> None:
    ended = lincheck("$L good.jsonl > /dev/full")
    assert (ended.code, ended.err.splitlines()[-1]) == (
        4,
        "lincheck: cannot write to standard output: No space left on device",
    )
    assert lincheck("$L bad.jsonl > /dev/full").code == 1, "a violation is not masked"
    assert lincheck("$L --help > /dev/full").code == 4
    assert lincheck("$L good.jsonl 2> /dev/full").code == 0
    assert lincheck("$L missing.jsonl 2> /dev/full").code == 4
    assert lincheck("$L missing.jsonl 2>&-").code == 4
    ended = lincheck("$L good.jsonl >&-")
    assert (ended.code, "closed" in ended.err) == (4, True)


def test_a_poor_terminal(lincheck: Lincheck) -> None:
    ended = lincheck("PYTHONIOENCODING=ascii LC_ALL=C $L --explain bad.jsonl")
    assert ended.code == 1
    assert "read \\u2192 nil" in ended.out


def test_ctrl_c(lincheck: Lincheck, tmp_path: Path) -> None:
    """The interrupt comes for certain while the command is at work: loading the model sends it."""
    (tmp_path / "stops.py").write_text(
        "import os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
    )
    ended = lincheck("$L --model stops:Stops good.jsonl")
    assert (ended.code, ended.out, ended.err) == (130, "", "lincheck: interrupted\n")


def test_a_small_file_needs_few_modules(lincheck: Lincheck) -> None:
    """What starts slowly is not loaded: a call is to take a fifth of a second."""
    program = (
        "import sys; from checkers.lincheck.command import main; main(sys.argv[1:]); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}), *sys.modules)"
    )
    ended = lincheck(f'{sys.executable} -c "{program}" good.jsonl')
    loaded = set(ended.out.splitlines()[-1].split())
    assert "numpy" in loaded
    heavy = {"numba", "click", "jinja2", "rich", "harness", "reports", "importlib.metadata", "asyncio"}
    assert not loaded & (
        heavy | {"checkers.interop.edn", "checkers.lincheck.page", "checkers.lincheck.plain"}
    )


@pytest.mark.skipif(
    not LOGS.is_dir(), reason=f"no histories in {LOGS}; set SPLITBRAIN_SHARED to their folder"
)
def test_porcupines_logs(lincheck: Lincheck) -> None:
    with (LOGS / "verdicts.csv").open(encoding="utf-8") as table:
        expected = {row["file"]: row["verdict"] == "Ok" for row in csv.DictReader(table)}
    ended = lincheck(f"cd {LOGS} && $L --json jepsen/*.log kv/*.txt")
    told = [json.loads(line) for line in ended.out.splitlines()]
    assert {one["file"]: one["verdict"] == "valid" for one in told} == expected
    assert {one["format"] for one in told} == {"porcupine-etcd", "porcupine-kv"}
    assert {one["verdict"] for one in told} == {"valid", "invalid"}
    assert ended.code == 1
    assert ended.err == ""


def test_the_documentation(lincheck: Lincheck) -> None:
    """Every block of docs/lincheck.md is run in turn; what it prints is what the page shows."""

    def run(block: re.Match[str]) -> str:
        language, code = block[1], block[2]
        quoted = code if language == "sh" else f"{sys.executable} - <<'PROGRAM'\n{code}PROGRAM\n"
        ended = lincheck(quoted)
        assert ended.err == ""
        return f"```{language}\n{code}```\n\n```text\n{ended.out.rstrip()}\n```\n"

    text = DOCS.read_text(encoding="utf-8")
    anew, count = re.subn(r"```(sh|python)\n(.*?)```\n\n```text\n.*?```\n", run, text, flags=re.DOTALL)
    assert count == 6
    if os.environ.get(REWRITE):
        DOCS.write_text(anew, encoding="utf-8")
    # How long it took, and by which algorithm, is not promised.
    measured = re.compile(r"^(valid|invalid|unknown)\t(\d+)\t[\d.]+\t[^\t]+\t", re.MULTILINE)
    assert measured.sub(r"\1 \2 ", anew) == measured.sub(r"\1 \2 ", text), f"{REWRITE}=1 rewrites the page"
