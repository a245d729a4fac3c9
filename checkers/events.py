"""The lines of a history file: one event each (docs/history-format.md).

Invariants: values, JSON both ways (msgspec, tagged by `type`); a key that is not listed here is refused.
Use them through `checkers.codec`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

VERSION = 1


class Header(msgspec.Struct, frozen=True, tag="history", tag_field="type", forbid_unknown_fields=True):
    """First line. `clock` names the time base of every `time`; `meta` is free (system, workload, seed,
    ...).
    """

    version: int
    clock: str = "monotonic-ns"
    meta: dict[str, Any] = {}


class Invoke(
    msgspec.Struct,
    frozen=True,
    tag="invoke",
    tag_field="type",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """`process` begins an operation at `time` (ns), stamped before the request is sent, on its way to
    `node`.
    """

    process: int
    time: int
    f: str
    key: Any = None
    value: Any = None
    node: str | None = None


class Complete(
    msgspec.Struct,
    frozen=True,
    tag="complete",
    tag_field="type",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """`process` ends its open operation at `time` (ns), stamped after the answer was read."""

    process: int
    time: int
    outcome: Literal["ok", "fail", "info"]
    value: Any = None
    error: str | None = None
    node: str | None = None


class FaultEvent(
    msgspec.Struct, frozen=True, tag="fault", tag_field="type", omit_defaults=True, forbid_unknown_fields=True
):
    """One step in the life of the disturbance `id`.

    event "requested": the plan's time came. "begun": `status` and `evidence` say whether and how it was seen
    to bite. "ended": it was undone; `evidence` of that. `targets` are names of nodes, `what` says it in words
    ("cut n1 from n2, n3").
    """

    id: int
    event: Literal["requested", "begun", "ended"]
    time: int
    kind: str
    targets: tuple[str, ...] = ()
    what: str = ""
    status: Literal["installed", "skipped", "indeterminate"] | None = None
    evidence: tuple[str, ...] = ()


class Footer(msgspec.Struct, frozen=True, tag="end", tag_field="type", forbid_unknown_fields=True):
    """Last line: how many events (header and footer not counted), and the SHA-256 of every byte before this
    line.
    """

    events: int
    digest: str


Line = Header | Invoke | Complete | FaultEvent | Footer
