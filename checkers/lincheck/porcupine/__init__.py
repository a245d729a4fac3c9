"""Porcupine's API (anishathalye/porcupine) in Python, on the checker of this package; the Go names are
aliases.

    ok = check_operations(Model(init=..., step=...), [Operation(0, "put 1", 0, None, 10), ...])
    result, info = check_operations_verbose(model, history)
    visualize_path(model, info, "history.html")

Inputs, outputs and states are any Python objects. docs/coming-from-porcupine.md has a full example.

Invariants: pure, but for `visualize_path`, which writes the one file that it is asked to.
"""

from __future__ import annotations

from checkers.lincheck.model import ModelError
from checkers.lincheck.porcupine.checking import (
    Undecided,
    check_events,
    check_events_timeout,
    check_events_verbose,
    check_operations,
    check_operations_timeout,
    check_operations_verbose,
)
from checkers.lincheck.porcupine.histories import Annotation, CheckResult, Event, EventKind, Operation
from checkers.lincheck.porcupine.info import LinearizationInfo
from checkers.lincheck.porcupine.model import Model, NondeterministicModel
from checkers.lincheck.porcupine.visualization import render, visualize, visualize_path

CheckOperations = check_operations
CheckOperationsTimeout = check_operations_timeout
CheckOperationsVerbose = check_operations_verbose
CheckEvents = check_events
CheckEventsTimeout = check_events_timeout
CheckEventsVerbose = check_events_verbose
Visualize = visualize
VisualizePath = visualize_path
CallEvent = EventKind.CALL
ReturnEvent = EventKind.RETURN
Ok = CheckResult.OK
Illegal = CheckResult.ILLEGAL
Unknown = CheckResult.UNKNOWN

__all__ = [
    "Annotation",
    "CallEvent",
    "CheckEvents",
    "CheckEventsTimeout",
    "CheckEventsVerbose",
    "CheckOperations",
    "CheckOperationsTimeout",
    "CheckOperationsVerbose",
    "CheckResult",
    "Event",
    "EventKind",
    "Illegal",
    "LinearizationInfo",
    "Model",
    "ModelError",
    "NondeterministicModel",
    "Ok",
    "Operation",
    "ReturnEvent",
    "Undecided",
    "Unknown",
    "Visualize",
    "VisualizePath",
    "check_events",
    "check_events_timeout",
    "check_events_verbose",
    "check_operations",
    "check_operations_timeout",
    "check_operations_verbose",
    "render",
    "visualize",
    "visualize_path",
]
