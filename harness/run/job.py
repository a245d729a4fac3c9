"""What the conductor and the clients' process say to each other: JSON lines over the process's stdin and
stdout.

Order: job -> (Ready | Trouble) ; Go -> Status ... ; StopAt -> Status ... Finished | Trouble. End of stdin
means that the conductor is gone: the process ends at once.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Job(msgspec.Struct, frozen=True, tag="job"):
    """Everything the clients need to know. `journal` is the path they append to. final_reads: whether they
    end with a read of every key at every node.
    """

    system: str
    options: dict[str, str]
    workload: str
    addresses: dict[str, str]
    clients: int
    rate: float
    keys: int
    ops_per_key: int
    op_timeout_s: float
    seed: int
    journal: str
    final_reads: bool = False


class Go(msgspec.Struct, frozen=True, tag="go"):
    """Begin; `start_ns` is the workload's zero on CLOCK_MONOTONIC."""

    start_ns: int


class StopAt(msgspec.Struct, frozen=True, tag="stop_at"):
    """Begin nothing at or after `time_ns`; finish what is open."""

    time_ns: int


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The system is loaded; waiting for Go."""


class Status(msgspec.Struct, frozen=True, tag="status"):
    """Counts so far; `last_ok_call_ns` is the latest call time of an operation that ended OK, `error` the
    last error seen.
    """

    ok: int
    fail: int
    info: int
    first_ok_ns: int | None
    last_ok_call_ns: int | None
    error: str | None


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """No operation is open and the journal is closed. quiet_ns: when the final reads began, None if there
    were none.
    """

    status: Status
    quiet_ns: int | None = None


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """It cannot go on. whose: "config" (the system's class), "environment" (disk, ...) or "harness"."""

    whose: Literal["config", "environment", "harness"]
    problem: str
    fix: str | None = None


ToClients = Job | Go | StopAt
FromClients = Ready | Status | Finished | Trouble
