"""Results of tasks of which little is known: they failed, or are not filled in yet.

Invariant: nothing of a system is loaded here, and nothing heavy: this is used by those who watch.
"""

from __future__ import annotations

import shlex

import msgspec

from harness.campaign.jobs import Cause, Metrics, Result, Task

_FLAGS = {
    "workload": "-w",
    "nemeses": "-n",
    "nodes": "--nodes",
    "clients": "-c",
    "time_s": "--time",
    "rate": "--rate",
    "keys": "--keys",
    "ops_per_key": "--ops-per-key",
    "op_timeout_s": "--op-timeout",
    "hosts": "--hosts",
    "expect": "--expect",
    "seed": "--seed",
}


def failed(task: Task, cause: Cause, said: str, seconds: float, started_at: str) -> Result:
    """The result of a run that gave none."""
    return msgspec.structs.replace(
        blank(task), outcome="failed", cause=cause, said=(said,), seconds=seconds, started_at=started_at
    )


def blank(task: Task) -> Result:
    """A failed result of the task, of which nothing else is known."""
    job, cell = task.job, task.cell
    return Result(
        night=task.night,
        job=job.id,
        number=job.number,
        cell=cell.id,
        system=cell.system,
        workload=cell.workload,
        nemeses=cell.nemeses,
        place=cell.place,
        bug=cell.bug,
        expect=cell.expect,
        why=job.why,
        looked_for=job.fingerprint,
        seed=job.seed,
        tried=0,
        outcome="failed",
        cause="",
        said=(),
        missed=(),
        started_at="",
        seconds=0.0,
        replay=replay_of(task),
        plan="",
        trace="",
        metrics=Metrics(),
    )


def replay_of(task: Task) -> str:
    """The command of a run that may never have got as far as a plan. Its system is not loaded: this is called
    where a stranger's module has no business.
    """
    values = task.values
    words = ["splitbrain", "run", values["system"], "--on", values["place"]]
    for key, flag in _FLAGS.items():
        if key in values and values[key] is not None:
            unit = "s" if key.endswith("_s") else ""
            words += [
                flag,
                f"{values[key]:g}{unit}" if isinstance(values[key], float) else f"{values[key]}{unit}",
            ]
    for key, value in values["options"].items():
        words += ["-o", f"{key}={value}"]
    return shlex.join(words)
