"""What the command `lincheck` was asked for: its options, its help, and what is wrong with an argument.

Invariants: prints nothing and touches no file; a wrong argument is one `UsageProblem` that names the fix.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

from checkers.interop.detect import FORMATS, Format
from checkers.lincheck.limits import Algorithm

FailedCas = Literal["observation", "did-not-happen"]
MEMORY_MB = 4096
_HELP = f"""Usage: lincheck [OPTIONS] FILE...

Is each history linearizable? One line per FILE (- is standard input):
  verdict (valid, invalid, unknown), operations, milliseconds of search, algorithm, file; tabs between.

What is judged:
  --model NAME|MODULE:CLASS   a model of the box (MODELS),
                              or a class of your own, package.module:Class (the working folder is
                              searched as well). Default: what the header of a Splitbrain history
                              names; else register or cas-register, by the operations;
                              porcupine-etcd: cas-register; porcupine-kv: key-value.
  --format NAME               auto (default: by content), jsonl (Splitbrain), edn (Jepsen),
                              porcupine-etcd, porcupine-kv.
  --independent               edn: every :value is a pair [key value], as jepsen.independent writes it.
  --failed-cas MEANING        observation: a cas that answered false saw another value than its old
                              one. did-not-happen: it says nothing. Default: what the header says;
                              edn: did-not-happen; else observation.

How:
  --algorithm NAME            auto (default), dfs, bfs, lane.
  --time-limit SECONDS        per file, then its verdict is unknown. Default: none.
  --memory-limit MB           what a search may hold, then its verdict is unknown. Default: {MEMORY_MB}.

What is told:
  --explain                   below an invalid line the contradiction, in a sentence and as a table;
                              below an unknown one the reason.
  --html OUT                  a page with the history and the contradiction (one FILE only).
  --json                      one JSON object per line instead, the explanation in it.
  --witness                   with --json: the order that shows a history valid.
  -h, --help; --version

Examples:
  lincheck history.jsonl
  lincheck --explain --html report.html jepsen/store/latest/history.edn
  lincheck --time-limit 60 --json logs/*.log
  lincheck --model my_models:Stack history.edn
  xz -dc history.edn.xz | lincheck --format edn -

Exit codes, the first that applies: 1 some history is invalid; 4 usage, or a file could not be judged;
2 some verdict is unknown; 0 all are valid. 130: interrupted.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments, checked. format None: by content; model None: by format and operations."""

    files: tuple[str, ...]
    model: str | None
    format: Format | None
    independent: bool
    failed_cas: FailedCas | None
    algorithm: Algorithm
    time_limit: float | None
    memory_limit: int
    explain: bool
    html: str | None
    json: bool
    witness: bool
    wants: Literal["verdicts", "help", "version"]


class UsageProblem(Exception):
    """An argument that cannot be used, in words."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageProblem(message)


def help_text() -> str:
    """What `lincheck --help` prints."""
    from textwrap import fill

    from checkers.lincheck.models import MODELS

    line = "  --model NAME|MODULE:CLASS   a model of the box (MODELS),"
    names = fill(
        line.replace("MODELS", ", ".join(MODELS)), 98, subsequent_indent=" " * 30, break_on_hyphens=False
    )
    return _HELP.replace(line, names)


def suggestion(word: str, known: Iterable[str]) -> str:
    """What may have been meant by `word`, or all that could be."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(word, names, 1)
    return f"did you mean {near[0]}?" if near else f"choose one of {', '.join(names)}"


def parse(arguments: Sequence[str]) -> Options:
    """The options in `arguments`. Raises UsageProblem."""
    parser = _parser()
    given, rest = parser.parse_known_args(list(arguments))
    files = _files(rest, parser)
    wants: Literal["verdicts", "help", "version"] = "verdicts"
    if given.help or given.version:
        wants = "help" if given.help else "version"
    elif not files:
        raise UsageProblem("no FILE: give one or more histories, or - for standard input")
    if files.count("-") > 1:
        raise UsageProblem("standard input (-) can be read only once")
    if given.html is not None and len(files) != 1 and wants == "verdicts":
        raise UsageProblem(f"--html draws one FILE, and {len(files)} are given: call lincheck for each")
    if given.witness and not given.json:
        raise UsageProblem("--witness needs --json")
    if given.failed_cas and given.model not in (None, "cas-register"):
        raise UsageProblem(f"--failed-cas is of no meaning for the model {given.model}")
    values = {name: value for name, value in vars(given).items() if name not in ("help", "version")}
    if given.format == "auto":
        values["format"] = None
    return Options(files=files, wants=wants, **values)


def _parser() -> _Parser:
    parser = _Parser(prog="lincheck", add_help=False, allow_abbrev=False)
    add: Callable[..., Any] = parser.add_argument
    add("--model", type=_nonempty)
    add("--format", type=_one_of(("auto", *FORMATS)), default="auto")
    add("--independent", action="store_true")
    add("--failed-cas", type=_one_of(get_args(FailedCas)))
    add("--algorithm", type=_one_of(get_args(Algorithm)), default="auto")
    add("--time-limit", type=_seconds)
    add("--memory-limit", type=_megabytes, default=MEMORY_MB)
    add("--explain", action="store_true")
    add("--html", type=_nonempty)
    add("--json", action="store_true")
    add("--witness", action="store_true")
    add("-h", "--help", action="store_true")
    add("--version", action="store_true")
    return parser


def _files(rest: list[str], parser: _Parser) -> tuple[str, ...]:
    """The arguments that are no options; whatever follows "--" is a file."""
    cut = rest.index("--") if "--" in rest else len(rest)
    for word in rest[:cut]:
        if word.startswith("-") and word != "-":
            name = word.split("=")[0]
            known = [option for action in parser._actions for option in action.option_strings]
            raise UsageProblem(f"no option {name}: {suggestion(name, known)}")
    return (*rest[:cut], *rest[cut + 1 :])


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    """Takes one of these words."""

    def take(word: str) -> str:
        if word not in known:
            raise argparse.ArgumentTypeError(f"{word!r} is not known: {suggestion(word, known)}")
        return word

    return take


def _nonempty(word: str) -> str:
    if not word:
        raise argparse.ArgumentTypeError("it is empty")
    return word


def _seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{word!r} is no number of seconds above 0, like 60 or 0.5")
    return value


def _megabytes(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 12 and int(word) > 0):
        raise argparse.ArgumentTypeError(f"{word!r} is no whole number of megabytes above 0, like 2048")
    return int(word)
