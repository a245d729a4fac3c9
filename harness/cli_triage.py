"""The commands of the morning after a night: whether a failure shows again, how small it gets, and which
commit it came with.

Invariant: nothing heavy is imported before a command was parsed.
"""

from __future__ import annotations

from typing import Any

import click

from harness.cli_options import EXITS, output_options

TRIAGE_HELP = f"""Run what is new among the failures of NIGHT again, say what is deterministic, flaky or gone,
and make small runs of those that were simulated.

NIGHT is a night's folder, its name below --runs, or a campaign's name, whose last night is meant. What was
found out stands in the night's report afterwards; the runs themselves in NIGHT/triage.

\b
Examples:
  splitbrain triage nightly
  splitbrain triage runs/nightly-20260101-220000 -n 20 --no-shrink
  splitbrain triage nightly --all --json

{EXITS}
"""

BISECT_HELP = f"""Find the first commit at which the smallest known run of FINGERPRINT shows its anomaly.

The run's plan is carried out at one commit after the other, with the system of that commit; harness and
judges stay those of this program. The commits are checked out in a temporary worktree. A commit that cannot
be told (it does not load, the run fails) is skipped. Of FINGERPRINT the first four digits are enough.

\b
Examples:
  splitbrain bisect 3fa2b1c09d7e --good v1.4 --bad main
  splitbrain bisect 3fa2 --good HEAD~40 --bad HEAD --repo ~/src/store
  splitbrain bisect 3fa2 --good v1.4 --bad main -n 5      # a flaky one: bad if any of five runs shows it

{EXITS}
"""


@click.command(help=TRIAGE_HELP)
@click.argument("night")
@click.option("-n", "times", type=click.IntRange(1, 1000), default=5, show_default=True, help="Runs of each.")
@click.option("--all", "everything", is_flag=True, help="Also failures that are ongoing, or expected.")
@click.option("--shrink/--no-shrink", default=True, show_default=True, help="Make simulated runs smaller.")
@click.option(
    "--tries",
    type=click.IntRange(min=1),
    default=600,
    show_default=True,
    help="Runs that making one smaller may take.",
)
@click.option("-j", "workers", type=click.IntRange(1, 1024), default=None, help="Runs at a time.")
@output_options
def triage(night: str, **given: Any) -> int:
    from harness.triage.command import triage_command

    return triage_command(night, given)


@click.command(help=BISECT_HELP)
@click.argument("fingerprint")
@click.option("--good", required=True, metavar="REV", help="A commit without the anomaly.")
@click.option("--bad", required=True, metavar="REV", help="A later commit that has it.")
@click.option("--repo", default=None, metavar="DIR", help="A checkout of the system; else where its file is.")
@click.option(
    "-n", "times", type=click.IntRange(1, 1000), default=1, show_default=True, help="Runs at each commit."
)
@output_options
def bisect(fingerprint: str, **given: Any) -> int:
    from harness.bisect.command import bisect_command

    return bisect_command(fingerprint, given)


COMMANDS = (triage, bisect)
