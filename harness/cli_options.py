"""What the commands of `harness.cli` share: groups of options, and how an unknown command is answered.

Invariant: nothing heavy is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import click

EXITS = """\b
Exit codes: 0 as expected - 1 anomaly (or an expected one is gone) - 2 inconclusive
3 harness or environment failure - 4 usage - 5 nothing selected - 6 prerequisite missing
130/143 interrupted, with the report written."""


class Suggesting(click.Group):
    """A group that answers an unknown command with the closest one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does, with a suggestion."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = (
                f"did you mean {close[0]!r}?"
                if close
                else f"choose one of: {', '.join(self.list_commands(ctx))}"
            )
            raise click.UsageError(f"no command {args[0]!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)


skip_option = click.option(
    "--skip-unavailable",
    is_flag=True,
    help="Run without the faults that cannot be applied here, and say so in the report.",
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where a run is."""
    options = [
        click.option(
            "--on",
            "place",
            default="local",
            show_default=True,
            help="Where nodes live: local, docker, ssh, or sim: one process in virtual time.",
        ),
        click.option("--hosts", default=None, metavar="FILE", help="The machines of --on ssh (docs/ssh.md)."),
        click.option("--keep", is_flag=True, help="With --on ssh: leave the run's folders on the machines."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_WHAT = (
    click.option("-w", "--workload", default=None, help="What clients do; what the system names by default."),
    click.option(
        "-n",
        "--nemeses",
        default=None,
        help="Faults, e.g. partition,kill,pause; default: those that the system names (and so at --on sim"
        " if none are given); elsewhere none.",
    ),
    click.option("--nodes", default=5, show_default=True, help="Number of nodes."),
    click.option("-c", "--clients", default=10, show_default=True, help="Concurrent clients."),
    click.option("--time", "time_text", default="30s", show_default=True, help="How long clients work."),
    click.option(
        "--rate",
        type=float,
        default=None,
        help="Operations per second, 200 by default, 40 at --on sim; 0: as fast as they answer.",
    ),
)
_HOW = (
    click.option("--keys", default=5, show_default=True, help="Keys in use at a time."),
    click.option(
        "--ops-per-key",
        type=int,
        default=None,
        help="Operations before a key is retired; 100 by default, 40 for files (or 3 of unknown outcome).",
    ),
    click.option("--op-timeout", default="1s", show_default=True, help="Time limit of one operation."),
    click.option(
        "--ready-timeout", default="20s", show_default=True, help="Time limit of the start of all nodes."
    ),
    click.option("--seed", type=int, default=None, help="Names the run; drawn and printed when absent."),
    click.option(
        "-o",
        "--option",
        "options",
        multiple=True,
        metavar="KEY=VALUE",
        help="Of the system, or of the place.",
    ),
    click.option(
        "--expect",
        default="valid",
        show_default=True,
        help="valid, or anomaly: what is wanted of this run.",
    ),
    click.option(
        "--failed-cas",
        default="observation",
        show_default=True,
        help="What a failed cas means: observation, or did-not-happen.",
    ),
    click.option(
        "--stop-on-violation",
        is_flag=True,
        help="End the run as soon as a violation is certain; judged and reported as usual.",
    ),
    skip_option,
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a run does."""
    for option in reversed((*_WHAT, *_HOW)):
        command = option(command)
    return command


runs_option = click.option("--runs", default="runs", show_default=True, help="Folder of all runs.")


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where results go, and the judge's limits."""
    options = [
        runs_option,
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def judge_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The judge's limits."""
    command = click.option(
        "--judge-memory", "judge_memory_mb", default=4096, show_default=True, help="MB per claim."
    )(command)
    return click.option("--judge-time", default="5m", show_default=True, help="Time limit per claim.")(
        command
    )


def sweep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of many runs under simulation."""
    command = click.option(
        "-j", "workers", default=2, show_default=True, help="With --seeds: processes at a time."
    )(command)
    return click.option(
        "--seeds",
        default=None,
        metavar="A..B",
        help="With --on sim: a run for every seed from A to B.",
    )(command)
