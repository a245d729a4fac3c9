"""Knossos' interface: `analysis(model, history)`. docs/coming-from-knossos.md is the table of what is what.

    from checkers.lincheck import knossos

    a = knossos.analysis(knossos.cas_register(0), [
        {"process": 0, "type": "invoke", "f": "read", "value": None},
        {"process": 0, "type": "ok", "f": "read", "value": 3},
    ])
    a["valid?"], a["op"], a["final-paths"]

Invariants: the verdict is that of `checkers.lincheck.check`; what an analysis shows besides is found by
Knossos' own definition of it, or left out where that takes too long, and `notes` says so.
"""

from __future__ import annotations

from checkers.lincheck.knossos.answer import Analysis, analysis
from checkers.lincheck.knossos.forensics import Inconsistent
from checkers.lincheck.knossos.models import (
    cas_register,
    counter,
    fifo_queue,
    multi_register,
    mutex,
    noop,
    register,
    set,
    unordered_queue,
)

__all__ = [
    "Analysis",
    "Inconsistent",
    "analysis",
    "cas_register",
    "counter",
    "fifo_queue",
    "multi_register",
    "mutex",
    "noop",
    "register",
    "set",
    "unordered_queue",
]
