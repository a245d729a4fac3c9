"""Clock faults: whose clocks drift, and whose time of day jumps, by shape.

Invariants: a monotonic clock drifts by at most `DRIFT` either way and never goes back; only the time of day
jumps. The same view and order give the same fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from nemeses.errors import NemesisError
from nemeses.faults import ClockSetting, Skew, View
from nemeses.targets import leader_of

DRIFT = 0.05
JUMP_NS = 3_000_000_000
Order = tuple[str, ...]


def _slow_leader(view: View, order: Order) -> Skew:
    """The leader's clock runs slow and all others' fast: what a lease has to survive."""
    node, words = leader_of(view, order)
    others = [ClockSetting(other, 1 + DRIFT) for other in sorted(order) if other != node]
    return Skew((ClockSetting(node, 1 - DRIFT), *others), f"slow {words}")


def _scatter(_view: View, order: Order) -> Skew:
    rates = [1 + DRIFT, 1 - DRIFT]
    settings = [ClockSetting(node, rates[i % 2]) for i, node in enumerate(order)]
    return Skew(tuple(sorted(settings, key=lambda setting: setting.node)), "scatter")


def _jumps(back: bool) -> Callable[[View, Order], Skew]:
    jump_ns, word = (-JUMP_NS, "back") if back else (JUMP_NS, "ahead")

    def jump(_view: View, order: Order) -> Skew:
        hit = sorted(order[: max(1, (len(order) - 1) // 2)])
        return Skew(tuple(ClockSetting(node, 1.0, jump_ns) for node in hit), word)

    return jump


SHAPES: Mapping[str, Callable[[View, Order], Skew]] = MappingProxyType(
    {"slow-leader": _slow_leader, "scatter": _scatter, "back": _jumps(True), "ahead": _jumps(False)}
)
MIN_NODES: Mapping[str, int] = MappingProxyType(dict.fromkeys(SHAPES, 1))


def skew(shape: str, view: View, order: Order) -> Skew:
    """The fault of `shape`. Raises NemesisError for an unknown one."""
    if shape not in SHAPES:
        raise NemesisError(f"no clock shape {shape!r}; there are: {', '.join(SHAPES)}")
    return SHAPES[shape](view, order)


def describe(fault: Skew) -> str:
    """ "clocks: n1 -5 %, n2 +5 % (scatter)", "clocks: n3 3 s back (back)"."""
    parts = []
    for setting in fault.settings:
        if setting.rate != 1.0:
            parts.append(f"{setting.node} {(setting.rate - 1) * 100:+.0f} %")
        if setting.jump_ns:
            way = "back" if setting.jump_ns < 0 else "ahead"
            parts.append(f"{setting.node} {abs(setting.jump_ns) / 1e9:g} s {way}")
    return f"clocks: {', '.join(parts)} ({fault.shape})"
