"""How the in-repo systems' nodes are started: the argument vector of `python -m systems`."""

from __future__ import annotations

from systems.api import NodeContext, NodeSpec

PORT = 7000  # every node has an address of its own, so one port does for all


def node_program(system: str, ctx: NodeContext) -> NodeSpec:
    """The node `ctx.name` of the registered `system`."""
    log = f"{ctx.log_dir}/{ctx.name}.jsonl"
    members = ",".join(f"{name}={address}" for name, address in ctx.addresses.items())
    argv = [ctx.python, "-m", "systems", system, "--name", ctx.name, "--members", members]
    argv += ["--port", str(PORT), "--data", ctx.data_dir, "--log", log, "--seed", str(ctx.seed)]
    for key, value in ctx.options.items():
        argv += ["-o", f"{key}={value}"]
    return NodeSpec(argv=tuple(argv), ports=(PORT,), log_files=(log,))
