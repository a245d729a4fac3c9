"""The watching process of `--stop-on-violation`: `python -m harness.run.watch`, which follows the journal
while it is written and says when it has become certain that the run is not linearizable.

It is a process of its own, at a lower priority, because a busy thread would delay whoever stamps times; and
it only reads. Clients write their journal lines in the order of their time stamps (one process, no waiting
between stamp and write), which is what `checkers.lincheck.stream` asks for.

Invariants: ends when its standard input does, at the latest; a line that is not complete yet is left for
later; what it says is a hint to stop: the verdict is the judges'.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from checkers.codec import Line
from checkers.events import Complete, Invoke
from checkers.lincheck.model import Model
from checkers.lincheck.stream import Stream
from checkers.lincheck.streamed import Bounds
from checkers.linearizable import Linearizable

LOOK_EVERY_S = 0.05
BOUNDS = Bounds(steps=50_000)
NICE = 5


class Watched(msgspec.Struct, frozen=True):
    """What to follow."""

    journal: str
    model: str
    failed_cas: Literal["observation", "did-not-happen"]


class Seen(msgspec.Struct, frozen=True):
    """A violation: since when it was certain, on the clock of the journal, and what it is."""

    time_ns: int
    sentence: str


def _model(watched: Watched) -> Model:
    return Linearizable(cast(Any, watched.model), watched.failed_cas).model


class Tail:
    """The whole lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""

    def lines(self) -> list[bytes]:
        """Those that are new."""
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        return whole


def follow(watched: Watched) -> Seen | None:
    """Until a violation is certain, or standard input ends."""
    stream = Stream(_model(watched), bounds=BOUNDS)
    decoder = msgspec.json.Decoder(Line)
    tail = Tail(Path(watched.journal))
    while True:
        for line in tail.lines():
            event = decoder.decode(line)
            if isinstance(event, Invoke | Complete):
                stream.feed(event)
        found = stream.violation()
        if found is not None:
            return Seen(found.time_ns, found.sentence)
        if select.select([sys.stdin], [], [], LOOK_EVERY_S)[0]:
            return None


class Watch:
    """The watching process, seen from the conductor."""

    def __init__(self, watched: Watched, log: Path) -> None:
        self.seen: Seen | None = None
        self.broken = False
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.run.watch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # Compiling would keep a core busy for longer than it saves at the rates of a run.
                env={**os.environ, "SPLITBRAIN_LINCHECK_JIT": "off"},
            )
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(watched) + b"\n")
        self._process.stdin.flush()
        threading.Thread(target=self._read, name="watch-reader", daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            self.seen = msgspec.json.decode(line, type=Seen)
        else:
            self.broken = True

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            return


def main() -> int:
    """Entry point of the process."""
    os.nice(NICE)
    watched = msgspec.json.decode(sys.stdin.buffer.readline(), type=Watched)
    seen = follow(watched)
    if seen is not None:
        sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
