"""What a simulated cluster is made of: the network's and the disks' figures, a node, its clocks.

Invariant: nothing here draws a random number or knows of other nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from systems.core import Compact, Core, CoreConfig, Event, Persist

Action = Callable[[], None]
_EPOCH_NS = 1_700_000_000_000_000_000  # what a wall clock shows when a simulation begins


@dataclass(frozen=True, slots=True)
class Network:
    """Delays are uniform in `delay_ns`; a share `slow` of the messages takes up to `slow_ns` instead.

    loss, duplicate: shares of the messages between nodes. wire: encode and decode every message and record.
    """

    delay_ns: tuple[int, int] = (500_000, 5_000_000)
    slow: float = 0.02
    slow_ns: int = 60_000_000
    loss: float = 0.01
    duplicate: float = 0.02
    wire: bool = False


@dataclass(frozen=True, slots=True)
class Disk:
    """A write takes a time uniform in `write_ns` (0 to 0: none), a share `slow` of them up to `slow_ns`."""

    write_ns: tuple[int, int] = (0, 0)
    slow: float = 0.0
    slow_ns: int = 0


class Due(NamedTuple):
    """The timer `timer`, in its setting number `setting`, has run out."""

    timer: str
    setting: int


Waiting = Event | Due


class Clock:
    """A node's two clocks. `setting`: the rate of both, and by how much the wall clock is off."""

    __slots__ = ("_local_ns", "_true_ns", "setting")

    def __init__(self) -> None:
        self.setting: tuple[float, int] = (1.0, 0)
        self._true_ns = 0
        self._local_ns = 0

    def read(self, true_ns: int) -> tuple[int, int]:
        """Monotonic clock and wall clock."""
        rate, jump_ns = self.setting
        if rate == 1.0:  # nearly always, and asked for every event
            return self._local_ns + true_ns - self._true_ns, _EPOCH_NS + true_ns + jump_ns
        local = self._local_ns + int((true_ns - self._true_ns) * rate)
        # A wall clock that is set right again shows true time; the drift of the monotonic one stays.
        wall = true_ns + int((true_ns - self._true_ns) * (rate - 1.0))
        return local, _EPOCH_NS + wall + jump_ns

    def set(self, true_ns: int, rate: float, jump_ns: int) -> None:
        """Go on from here at another rate, the wall clock being `jump_ns` off."""
        self._local_ns, _ = self.read(true_ns)
        self._true_ns = true_ns
        self.setting = (rate, jump_ns)

    def true_delay(self, local_ns: int) -> int:
        """How long `local_ns` of this clock take."""
        rate = self.setting[0]
        return local_ns if rate == 1.0 else int(local_ns / rate)


@dataclass(slots=True)
class SimNode:
    """One node: `core` is None while it is down; `timers` holds the setting of each timer that is set.

    writing: what is on its way to the disk, in order. frozen: what the end of a write would have done while
    the node was paused.
    """

    config: CoreConfig
    stream: Random
    core: Core | None = None
    records: list[Any] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    paused: bool = False
    inbox: list[Waiting] = field(default_factory=list)
    writing: list[Persist | Compact] = field(default_factory=list)
    frozen: Action | None = None
    incarnation: int = 0
    crash_in_step: bool = False
    clock: Clock = field(default_factory=Clock)

    def down(self) -> None:
        """Lose everything but the records."""
        self.core, self.frozen = None, None
        self.paused = self.crash_in_step = False
        self.incarnation += 1
        self.timers.clear()
        self.inbox, self.writing = [], []
