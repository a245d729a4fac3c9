"""The judge: each claim about a stored history is decided in a process of its own, within limits of time and
memory.

`python -m harness.judge HISTORY CLAIM_JSON` decides one claim and prints the verdict as JSON. Invariants: a
judge that crashes, is killed, runs out of time or memory, or prints nonsense gives Unknown with the reason,
never Valid; limits are enforced around the process, in this one place.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import msgspec

from checkers.claim import Claim
from checkers.verdict import Unknown, Verdict

_DECODER: msgspec.json.Decoder[Verdict] = msgspec.json.Decoder(Verdict)


class Linearizability(msgspec.Struct, frozen=True, tag="linearizable"):
    """Every key's operations are linearizable as `model`."""

    model: Literal["register", "cas-register", "files"]
    failed_cas: Literal["observation", "did-not-happen"]


class Recovery(msgspec.Struct, frozen=True, tag="recovers"):
    """Some operation invoked after `heal_ns` succeeds within `limit_s`."""

    heal_ns: int
    limit_s: float


class Converging(msgspec.Struct, frozen=True, tag="convergence"):
    """All nodes hold the same; reads from `quiet_ns` on tell."""

    quiet_ns: int


class SetKeeping(msgspec.Struct, frozen=True, tag="sets"):
    """Sets keep what was added, and nothing else."""

    quiet_ns: int


class Counting(msgspec.Struct, frozen=True, tag="counters"):
    """Counters are the sums of their increments."""

    quiet_ns: int


class Deleting(msgspec.Struct, frozen=True, tag="deletions"):
    """What was deleted stays away."""

    quiet_ns: int


class SessionsHeld(msgspec.Struct, frozen=True, tag="sessions"):
    """Each process reads its own writes, and never an older version than before."""


ClaimSpec = Linearizability | Recovery | Converging | SetKeeping | Counting | Deleting | SessionsHeld


class Judged(msgspec.Struct, frozen=True):
    """A claim's name and promise, its verdict, and how long it took."""

    name: str
    promise: str
    verdict: Verdict
    seconds: float


def claim_of(spec: ClaimSpec) -> Claim:
    """The claim that `spec` describes."""
    match spec:
        case Linearizability(model, failed_cas):
            from checkers.linearizable import Linearizable

            return Linearizable(model, failed_cas=failed_cas)
        case Recovery(heal_ns, limit_s):
            from checkers.liveness import Recovers

            return Recovers(heal_ns, limit_s)
        case Converging(quiet_ns):
            from checkers.convergence import Convergence

            return Convergence(quiet_ns)
        case SetKeeping(quiet_ns):
            from checkers.sets import Sets

            return Sets(quiet_ns)
        case Counting(quiet_ns):
            from checkers.counters import Counters

            return Counters(quiet_ns)
        case Deleting(quiet_ns):
            from checkers.deletions import Deletions

            return Deletions(quiet_ns)
        case SessionsHeld():
            from checkers.sessions import Sessions

            return Sessions()


def judge(history: Path, specs: Sequence[ClaimSpec], *, time_s: float, memory_mb: int) -> list[Judged]:
    """The verdicts, in the order of `specs`."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda spec: _judge_one(history, spec, time_s, memory_mb), specs))


def _judge_one(history: Path, spec: ClaimSpec, time_s: float, memory_mb: int) -> Judged:
    claim = claim_of(spec)
    began = time.monotonic()
    argv = [
        sys.executable,
        "-m",
        "harness.judge",
        str(history),
        msgspec.json.encode(spec).decode(),
        str(memory_mb),
    ]
    verdict: Verdict
    try:
        ended = subprocess.run(argv, capture_output=True, timeout=time_s, check=False)
        verdict = _read(ended.returncode, ended.stdout, ended.stderr, memory_mb)
    except subprocess.TimeoutExpired:
        verdict = Unknown(f"the judge was stopped after {time_s:g} s (raise --judge-time)")
    return Judged(claim.name, claim.promise, verdict, time.monotonic() - began)


def _read(code: int, out: bytes, err: bytes, memory_mb: int) -> Verdict:
    if code == 0:
        try:
            return _DECODER.decode(out)
        except msgspec.DecodeError as error:
            return Unknown(f"the judge printed no verdict: {error}")
    last = err.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
    if "MemoryError" in last[0]:
        return Unknown(f"the judge needed more than {memory_mb} MB (raise --judge-memory)")
    return Unknown(f"the judge ended with status {code}: {last[0][:300]}")


def main(argv: Sequence[str]) -> int:
    """Decide one claim in this process."""
    from checkers.codec import decode

    path, spec_json, memory_mb = argv
    limit = int(memory_mb) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    spec: ClaimSpec = msgspec.json.decode(spec_json, type=ClaimSpec)
    history = decode(Path(path).read_bytes(), path).history
    sys.stdout.buffer.write(msgspec.json.encode(claim_of(spec)(history)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
