"""The linearizability checker, usable alone.

    verdict = check(history, CasRegister(failed_cas="observation"))

check: judges a history. Model: the seam for a model of one's own; ModelError: an operation that a model does
not know. Register, CasRegister, KeyValue: the models that come with it. fault_of: a second opinion on a
witness.

Invariants: pure; `search` knows no model by name.
"""

from __future__ import annotations

from checkers.lincheck.check import check
from checkers.lincheck.limits import Limits, Progress
from checkers.lincheck.model import UNKNOWN, Model, ModelError
from checkers.lincheck.models import CasRegister, KeyValue, Register
from checkers.lincheck.replay import fault_of

__all__ = [
    "UNKNOWN",
    "CasRegister",
    "KeyValue",
    "Limits",
    "Model",
    "ModelError",
    "Progress",
    "Register",
    "check",
    "fault_of",
]
