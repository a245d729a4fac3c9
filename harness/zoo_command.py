"""`splitbrain zoo`: hunts the planted bugs and prints the table.

Invariants: bugs are hunted side by side, each by one process; the table is in the order of systems and bugs;
the exit code is 1 if a bug was not found, or an innocent run was blamed.
"""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from harness.errors import EXIT_ANOMALY, EXIT_NOTHING, EXIT_VALID, ConfigError, EnvironmentFault
from harness.progress import Counted
from harness.sweep import be_deaf
from harness.zoo import Hunted, Prey, chosen, hunt, markdown


def zoo_command(
    names: tuple[str, ...], seeds: int, workers: int, smaller: bool, target: str | None, as_json: bool
) -> int:
    """Hunt those that are named, all for none."""
    if seeds < 1 or not 1 <= workers <= 256:
        raise ConfigError("--seeds and -j are at least 1", fix="e.g. splitbrain zoo --seeds 500 -j 2")
    preys = chosen(names)
    if not preys:
        return EXIT_NOTHING
    hunted = _hunt(preys, seeds, workers, smaller)
    if target is not None:
        try:
            Path(target).write_text("\n".join(markdown(hunted, seeds)) + "\n")
        except OSError as error:
            raise EnvironmentFault(f"{target}: {error.strerror}", fix="give a writable file") from None
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(hunted)).decode())
    else:
        _show(hunted)
    return EXIT_VALID if all(one.seeds is not None and not one.alarm for one in hunted) else EXIT_ANOMALY


def _hunt(preys: list[Prey], seeds: int, workers: int, smaller: bool) -> list[Hunted]:
    found: dict[Future[Hunted], Hunted] = {}
    context = get_context("spawn")
    with (
        Counted(f"splitbrain: hunting {len(preys)} planted bugs", len(preys)) as counted,
        ProcessPoolExecutor(workers, mp_context=context, initializer=be_deaf) as pool,
    ):
        waiting = [pool.submit(hunt, prey, seeds, shrinks=smaller) for prey in preys]
        try:
            for future in as_completed(waiting):
                one = found[future] = future.result()
                counted.note(_line(one))
                counted.advance(len(found), f"{sum(h.seeds is not None for h in found.values())} found")
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[future] for future in waiting]


def _line(one: Hunted) -> str:
    where = f"{one.system}/{one.bug}"
    if one.seeds is None:
        return f"{where}: NOT FOUND, {one.said}"
    small = "" if one.ops is None else f"; smallest: {one.ops} operations, {one.faults} faults"
    alarm = f"; WITHOUT THE BUG TOO: {one.alarm}" if one.alarm else ""
    return f"{where}: {one.anomaly} at seed {one.seeds}, {one.seconds:.1f} s{small}{alarm}"


def _show(hunted: list[Hunted]) -> None:
    table = Table(title="planted bugs")
    for heading in ("system", "bug", "seeds", "seconds", "anomaly", "smallest run", "example"):
        table.add_column(heading, overflow="fold")
    for one in hunted:
        small = "" if one.ops is None else f"{one.ops} ops, {one.faults} faults, {one.nodes} nodes"
        seen = one.anomaly if one.seeds is not None else f"not found: {one.said}"
        cells = [one.system, one.bug, str(one.seeds or "–"), f"{one.seconds:.1f}", seen, small]
        table.add_row(*cells, f"{one.example} ops" if one.example else "")
    Console(highlight=False, markup=False).print(table)
    found = [one.seeds for one in hunted if one.seeds is not None]
    print(f"found {len(found)} of {len(hunted)}, {sum(count <= 100 for count in found)} within 100 seeds")
    for one in hunted:
        if one.alarm:
            print(f"without the bug too: {one.system}, seed {one.seeds}: {one.alarm}")
