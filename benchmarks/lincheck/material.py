"""What is not ours: Porcupine's logs and figures, and the shared generator of histories.

The shared folder lies beside the repository and is read where it is; `SPLITBRAIN_SHARED` names another place.
Invariants: nothing is copied from there; what is missing is a `Missing`, never a smaller measurement.
"""

from __future__ import annotations

import csv
import functools
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lincheck.columns import Ints

NEW_SEED = 100_003  # added to the seeds of the reference: other histories of the same shapes
SHARED = Path(os.environ.get("SPLITBRAIN_SHARED", Path(__file__).resolve().parents[3] / "shared"))
LOGS = SHARED / "data" / "porcupine"
REFERENCE = SHARED / "bench" / "porcupine_reference.csv"
GENERATOR = SHARED / "bench" / "generate_histories.py"


class Missing(Exception):
    """Something that is measured is not there; the text says what."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the generator is asked for. domain: how many values, 0 if every written value is new."""

    ops: int
    clients: int
    domain: int
    crashed: int
    bad: bool

    @property
    def seed(self) -> int:
        """The seed of the reference."""
        return self.ops + 7 * self.clients + 13 * self.domain + 17 * self.crashed + self.bad

    def words(self) -> str:
        """E.g. "1,000 ops, 5 clients, 5 values, 50 crashed, illegal"."""
        values = f"{self.domain} values" if self.domain else "unique"
        crashed = f", {self.crashed} crashed" if self.crashed else ""
        kind = "illegal" if self.bad else "legal"
        return f"{self.ops:,} ops, {self.clients} clients, {values}{crashed}, {kind}"


@dataclass(frozen=True, slots=True)
class Peer:
    """What Porcupine came to: ms is None if it ran out of memory, a lower bound if it gave up."""

    decided: bool
    ms: float | None
    peak_mb: float | None = None


def require(path: Path) -> Path:
    """`path`, if it is there. Raises Missing."""
    if not path.exists():
        raise Missing(f"{path} is not there (SPLITBRAIN_SHARED names the folder of benchmarks and data)")
    return path


def log_verdicts() -> dict[str, tuple[bool, float]]:
    """Porcupine's logs by name: whether each is legal, and its search in ms. Raises Missing."""
    text = require(LOGS / "verdicts.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["file"]: (row["verdict"] == "Ok", float(row["porcupine_ms"])) for row in rows}


def reference() -> dict[Shape, Peer]:
    """Porcupine's figures for generated shapes. Raises Missing."""
    lines = require(REFERENCE).read_text(encoding="utf-8").splitlines()
    found = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        domain = 0 if row["domain"] == "unique" else int(row["domain"])
        sizes = int(row["ops"]), int(row["clients"]), domain, int(row["crashed"])
        ms = float(row["porcupine_ms"]) if row["porcupine_ms"] else None
        peer = Peer(row["porcupine_verdict"] in ("Ok", "Illegal"), ms, float(row["peak_mb"]))
        found[Shape(*sizes, row["planted"] == "bad")] = peer
    return found


@functools.cache
def _generator() -> Callable[..., Ints]:
    spec = importlib.util.spec_from_file_location("generate_histories", require(GENERATOR))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generate: Callable[..., Ints] = module.gen
    return generate


def generated(shape: Shape, seed: int) -> tuple[Ints, int]:
    """The generator's array and the seed it was made from: the first from `seed` on with which it finds a
    place for the stale read that it plants. Raises Missing.
    """
    make = _generator()
    for tried in range(seed, seed + 20):
        try:
            return make(shape.ops, shape.clients, shape.domain, shape.crashed, int(shape.bad), tried), tried
        except AssertionError:
            continue
    raise Missing(f"no seed from {seed} on plants a stale read in {shape.words()}")
