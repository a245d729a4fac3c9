"""The command `lincheck`: judges history files and tells by its exit code; docs/lincheck.md.

Invariants: a violation is never masked, whatever else goes wrong; one bad file does not keep the others from
being judged, and never has a verdict; an error is one message, never a traceback. This module is the only one
of the command that touches a file or a clock.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from checkers.lincheck.command_options import Options, UsageProblem, help_text, parse
from checkers.lincheck.command_progress import StatusLine

if TYPE_CHECKING:
    from checkers.history import History
    from checkers.lincheck.command_show import Judged, Refused
    from checkers.lincheck.model import Model
    from checkers.verdict import Verdict

VALID, INVALID, UNKNOWN, USAGE, INTERRUPTED = 0, 1, 2, 4, 130
PRECEDENCE = (INVALID, USAGE, UNKNOWN)
STDIN = "standard input"
REPORT_IT = "this is a bug of lincheck: please report it with the file"


class OutputLost(Exception):
    """Standard output takes no more: `why`, or None if its reader has seen enough."""

    def __init__(self, why: str | None) -> None:
        super().__init__(why)
        self.why = why


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    status = StatusLine(sys.stderr, time.monotonic)
    codes: list[int] = []
    try:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        options = parse(sys.argv[1:] if argv is None else argv)
        if options.wants == "verdicts":
            _judge_all(options, status, codes)
        else:
            _say(help_text() if options.wants == "help" else f"lincheck {_version()}\n")
    except UsageProblem as problem:
        _complain(f"{problem}\n  see: lincheck --help")
        return USAGE
    except KeyboardInterrupt:
        status.clear()
        _complain("interrupted")
        return INTERRUPTED
    except OutputLost as lost:
        if lost.why is not None:
            _complain(f"cannot write to standard output: {lost.why}")
        codes.append(USAGE)
    except Exception as error:
        _complain(f"{type(error).__name__}: {error!s:.300} ({REPORT_IT})")
        codes.append(USAGE)
    return next((code for code in PRECEDENCE if code in codes), VALID)


def _judge_all(options: Options, status: StatusLine, codes: list[int]) -> None:
    """Judge and tell file by file; `codes` grows by what each comes to, also if the rest is never reached."""
    from checkers.lincheck import command_show as show
    from checkers.lincheck.command_model import chosen
    from checkers.verdict import word

    model = chosen(options)
    _check_page(options)
    for file in options.files:
        status.begin(file)
        found = _judge(file, options, model, status)
        status.clear()
        if isinstance(found, show.Refused):
            codes.append(USAGE)
            _complain("\n".join(show.refusal(found)))
        else:
            codes.append({"invalid": INVALID, "unknown": UNKNOWN, "valid": VALID}[word(found.verdict)])
            for note in found.notes:
                _complain(f"{show.printable(file)}: note: {show.printable(note)}")
        if options.json:
            _say(show.record(found, witness=options.witness).decode() + "\n")
        elif not isinstance(found, show.Refused):
            below = show.explanation(found) if options.explain else []
            _say("\n".join([show.line(found), *below]) + "\n")
        if options.html and not isinstance(found, show.Refused):
            problem = _write_page(options.html, found)
            if problem is not None:
                codes.append(USAGE)
                _complain(f"--html {show.printable(options.html)}: {show.printable(problem)}")


def _judge(file: str, options: Options, model: Model | None, status: StatusLine) -> Judged | Refused:
    """The verdict on one file, or why there is none."""
    from checkers.codec import HistoryError
    from checkers.interop.detect import read
    from checkers.lincheck.command_model import NoModel, prepared
    from checkers.lincheck.command_show import Judged, Refused
    from checkers.lincheck.model import ModelError

    name = STDIN if file == "-" else file
    try:
        reading = read(_content(file), name, options.format, independent=options.independent)
        history, model = prepared(reading, options, model)
        verdict, ms = _checked(history, model, options, status)
    except HistoryError as error:
        return Refused(error.source, error.line, error.problem, error.fix)
    except NoModel as error:
        return Refused(name, None, error.problem, error.fix)
    except ModelError as error:
        fix = "correct the file, or name the model that fits with --model"
        return Refused(name, None, f"not judged by the model {getattr(model, 'name', '')}: {error}", fix)
    except OSError as error:
        return Refused(name, None, error.strerror or str(error), "give files that can be read, or -")
    except MemoryError:
        return Refused(name, None, "there is not enough memory to read it", "split it by key")
    except Exception as error:
        return Refused(name, None, f"reading it failed: {type(error).__name__}: {error!s:.300}", REPORT_IT)
    notes = reading.notes if len(history) else (*reading.notes, "the history has no operations")
    return Judged(file, verdict, ms, history, reading, model, notes)


def _content(file: str) -> bytes:
    if file == "-":
        if sys.stdin is None:
            raise OSError(None, f"{STDIN} is closed")
        return sys.stdin.buffer.read()
    with open(file, "rb") as stream:
        return stream.read()


def _checked(history: History, model: Model, options: Options, status: StatusLine) -> tuple[Verdict, float]:
    """The verdict and how many ms it took. Raises ModelError.

    A checker that fails has found nothing; one that fails when it explains has found what it finds without.
    """
    import msgspec

    from checkers.lincheck.check import check
    from checkers.lincheck.limits import Limits
    from checkers.lincheck.model import ModelError
    from checkers.verdict import Invalid, Unknown

    def ask(*, explain: bool) -> Verdict:
        return check(
            history,
            model,
            algorithm=options.algorithm,
            limits=Limits(time_s=options.time_limit, memory_mb=options.memory_limit),
            explain=explain,
            witness=options.witness or options.html is not None,
            progress=status.report if status.stream is not None else None,
        )

    explain = options.explain or options.json or options.html is not None
    began = time.perf_counter()
    verdict: Verdict
    try:
        verdict = ask(explain=explain)
    except Exception as error:
        why = f"{type(error).__name__}: {error!s:.300} ({REPORT_IT})"
        if isinstance(error, MemoryError):
            why = "the machine has not enough memory"
        verdict = Unknown(f"the checker failed: {why}", len(history))
        plain: Verdict = verdict
        with contextlib.suppress(Exception):
            plain = ask(explain=False) if explain else verdict
        if isinstance(plain, Invalid):
            verdict = msgspec.structs.replace(plain, notes=(*plain.notes, f"no explanation: {why}"))
        elif isinstance(error, ModelError):
            raise
    return verdict, (time.perf_counter() - began) * 1000


def _check_page(options: Options) -> None:
    """Refuse a page that cannot be written before anything is judged. Raises UsageProblem."""
    if options.html is None:
        return
    if options.html == "-":
        raise UsageProblem("--html needs a file (/dev/stdout is one)")
    folder = os.path.dirname(options.html) or "."
    if os.path.isdir(options.html):
        raise UsageProblem(f"--html {options.html}: it is a folder: give a file")
    if not os.path.isdir(folder):
        raise UsageProblem(f"--html {options.html}: there is no folder {folder}")
    with contextlib.suppress(OSError):
        if os.path.samefile(options.html, options.files[0]):
            raise UsageProblem(f"--html {options.html}: that is the history itself")


def _write_page(place: str, judged: Judged) -> str | None:
    """Write the page, whole or not at all; what went wrong, None if nothing."""
    name = STDIN if judged.file == "-" else judged.file
    try:
        from checkers.lincheck.page import render_verdict

        page = render_verdict(judged.history, judged.verdict, judged.model, name).encode()
    except Exception as error:
        return f"drawing failed: {type(error).__name__}: {error!s:.300} ({REPORT_IT})"
    special = os.path.exists(place) and not os.path.isfile(place)  # /dev/stdout cannot be replaced
    written = place if special else f"{place}.{os.getpid()}.part"
    try:
        with open(written, "wb") as stream:
            stream.write(page)
        if not special:
            os.replace(written, place)
    except OSError as error:
        with contextlib.suppress(OSError):
            if not special:
                os.unlink(written)
        return error.strerror or str(error)
    return None


def _say(text: str) -> None:
    """Write to standard output at once. Raises OutputLost."""
    if sys.stdout is None:
        raise OutputLost("it is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _give_up(sys.stdout)
        raise OutputLost(None if isinstance(error, BrokenPipeError) else error.strerror) from error


def _complain(text: str) -> None:
    """Write to standard error; where it takes nothing, nothing is lost but the words."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"lincheck: {text}\n")
        sys.stderr.flush()
    except OSError:
        _give_up(sys.stderr)


def _give_up(stream: TextIO) -> None:
    """What is still buffered would fail again when Python ends, with an exit code of its own."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _version() -> str:
    from importlib.metadata import version

    return version("splitbrain")


if __name__ == "__main__":
    sys.exit(main())
