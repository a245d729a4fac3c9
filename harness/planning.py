"""From what was asked for to the plan of a run, and back to the command line that asks for it.

Invariants: whatever can be refused is refused here, before anything starts; the command line of a plan makes
the plan again.
"""

from __future__ import annotations

import shlex
from typing import Any

from msgspec import UNSET

from harness.config import RunConfig, suggestion
from harness.deploy.places import HOSTS, KEEP, LOCAL, SIM, SSH, split_options, ssh_options
from harness.errors import ConfigError
from harness.placing import check_hosts
from harness.plan import RunPlan
from harness.plugins import checked_options, load_system, reference_for
from harness.promises import of_options, promised
from harness.seeds import Seeds
from harness.workload import WORKLOADS
from nemeses.catalogue import NemesisError, parse, plan_faults
from systems.api import Simulates, System

DEFAULT = "default"  # in place of nemeses: those that the system names
RATE, SIMULATED_RATE = 200.0, 40.0


def plan_run(config: RunConfig) -> RunPlan:
    """Everything that can be decided, and refused, before a run starts."""
    system = load_system(config.system)
    nodes = tuple(f"n{i}" for i in range(1, config.nodes + 1))
    given, place_options = split_options(config.place, config.options, getattr(system, "options", {}))
    place_options |= ssh_options(config.place, config.hosts, config.keep)
    options = checked_options(system, given, nodes)
    workload, nemeses = _chosen(config, system, options)
    try:
        faults = plan_faults(
            parse(nemeses), nodes, Seeds(config.seed).stream("nemesis"), int(config.time_s * 1e9)
        )
    except NemesisError as error:
        raise ConfigError(f"-n {nemeses}: {error}", fix="see `splitbrain list nemeses`") from None
    if config.place == SSH:
        check_hosts(place_options[HOSTS], config.nodes)
    kept = config.model_dump(
        include=set(RunPlan.__struct_fields__)
        - {"system", "options", "nodes", "place_options", "workload", "nemeses", "rate", "ops_per_key"}
    )
    rate = config.rate
    if rate is None:
        rate = SIMULATED_RATE if config.place == SIM else RATE
    return RunPlan(
        system=reference_for(config.system),
        options=options,
        nodes=nodes,
        faults=faults,
        place_options=place_options,
        workload=workload,
        nemeses=nemeses,
        rate=rate,
        ops_per_key=config.ops_per_key or WORKLOADS[workload].ops_per_key,
        **kept,
    )


def _chosen(config: RunConfig, system: System, options: dict[str, str]) -> tuple[str, str]:
    """The workload and the nemeses, those of the system where none were asked for."""
    theirs = of_options(system, "defaults", options) or {}
    workload = config.workload or theirs.get("workload", "register")
    if workload not in WORKLOADS:
        raise ConfigError(f"unknown workload {workload!r}", fix=suggestion(workload, WORKLOADS))
    promised(system, options, workload)
    if config.stop_on_violation and WORKLOADS[workload].model is None:
        raise ConfigError(
            f"--stop-on-violation: nothing about the workload {workload!r} is certain before the run's end",
            fix="leave it out",
        )
    if config.place == SIM and not isinstance(system, Simulates):
        raise ConfigError(
            f"{config.system} cannot be simulated: it has no core(options) and logic(ctx)",
            fix="run it --on local, or give it both (docs/systems/simulation.md)",
        )
    nemeses = config.nemeses
    if nemeses is None:
        nemeses = DEFAULT if config.place == SIM else "none"
    return workload, theirs.get("nemeses", "none") if nemeses == DEFAULT else nemeses


def command_of(plan: RunPlan) -> str:
    """The command line that makes this plan again; of a scripted plan, which no command line can say, the one
    that it came from.
    """
    words: list[Any] = ["splitbrain", "run", plan.system, "-w", plan.workload, "-n", plan.nemeses]
    words += ["--nodes", len(plan.nodes), "-c", plan.clients, "--time", f"{plan.time_s:g}s"]
    words += ["--rate", f"{plan.rate:g}", "--keys", plan.keys, "--ops-per-key", plan.ops_per_key]
    words += ["--op-timeout", f"{plan.op_timeout_s:g}s", "--failed-cas", plan.failed_cas]
    words += ["--expect", plan.expect, "--seed", plan.seed]
    words += ["--stop-on-violation"] if plan.stop_on_violation else []
    words += ["--skip-unavailable"] if plan.skip_unavailable else []
    words += ["--on", plan.place] if plan.place != LOCAL else []
    theirs = dict(plan.place_options)
    words += ["--hosts", theirs.pop(HOSTS)] if plan.place == SSH else []
    words += ["--keep"] if plan.place == SSH and theirs.pop(KEEP, "") else []
    for key, value in {**plan.options, **theirs}.items():
        words += ["-o", f"{key}={value}"]
    return shlex.join(map(str, words))


def replay_of(plan: RunPlan, folder: str) -> str:
    """The command that does what `plan`, kept in `folder`, says."""
    is_scripted = plan.script is not UNSET or plan.chance is not UNSET
    return shlex.join(["splitbrain", "replay", folder]) if is_scripted else command_of(plan)
