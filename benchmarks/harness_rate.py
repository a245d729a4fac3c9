"""The harness alone: operations per second that the clients' process decides, performs at once, and journals.

`python -m benchmarks.harness_rate`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from harness.run.job import Finished, FromClients, Go, Job, StopAt

SECONDS = 5.0


def measure(clients: int = 10, seconds: float = SECONDS) -> float:
    """Operations per second, journal included."""
    with tempfile.TemporaryDirectory() as folder:
        system = f"{Path(__file__).with_name('instant.py')}:Instant"
        journal = str(Path(folder) / "history.jsonl")
        job = Job(system, {}, "register", {"n1": "127.0.0.1"}, clients, 0.0, 5, 100, 1.0, 1, journal)
        argv = [sys.executable, "-m", "harness.run.clients"]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        decoder = msgspec.json.Decoder(FromClients)
        process.stdin.write(msgspec.json.encode(job) + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        start = time.monotonic_ns()
        stop = start + int(seconds * 1e9)
        process.stdin.write(
            msgspec.json.encode(Go(start)) + b"\n" + msgspec.json.encode(StopAt(stop)) + b"\n"
        )
        process.stdin.flush()
        done = 0
        for line in process.stdout:
            message = decoder.decode(line)
            if isinstance(message, Finished):
                done = message.status.ok
                break
        process.stdin.close()
        process.wait()
        lines = (Path(folder) / "history.jsonl").read_bytes().count(b"\n")
        if lines != 2 * done:
            raise RuntimeError(f"{done} operations but {lines} journalled events")
        return done / seconds


def main() -> None:
    """Print the figure and its ratio to the target."""
    rate = measure()
    print(f"harness alone: {rate:,.0f} operations/s journalled; {rate / 20_000:.2f} x the target of 20,000")


if __name__ == "__main__":
    main()
