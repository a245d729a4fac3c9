"""The command line `splitbrain`: parses, hands over to `harness.compose`, prints, exits.

Invariants: heavy imports stay inside the commands (`--help` answers in under 200 ms); every error that is not
ours is one message and a documented exit code; results go to stdout, progress to stderr.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from harness import cli_campaign, cli_triage
from harness.cli_options import (
    EXITS,
    Suggesting,
    judge_options,
    output_options,
    place_options,
    run_options,
    skip_option,
    sweep_options,
)
from harness.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, SplitbrainError

LISTED = ["systems", "workloads", "nemeses", "bugs", "runs", "nights", "fingerprints"]
RUN_HELP = f"""Deploy SYSTEM, hurt it, and judge what its clients saw.

SYSTEM is a name (`splitbrain list systems`) or path/to/file.py:Class.

\b
Examples:
  splitbrain run raft -n partition,kill,pause --time 60s
  splitbrain run primary-backup -o mode=async -n partition --expect anomaly
  splitbrain run examples/tcp_store.py:TcpStore --nodes 1 -o stale=yes
  splitbrain run raft --on docker -o memory=256m -n kill
  splitbrain run raft --on ssh --hosts hosts.toml -n partition,kill,pause
  splitbrain run raft --on sim --seeds 1..1000

{EXITS}
"""


@click.group(cls=Suggesting, epilog=EXITS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="splitbrain")
def cli() -> None:
    """Splitbrain runs a replicated system, breaks it, and tells whether its history was linearizable.

    \b
    Examples:
      splitbrain run raft -n partition,kill,pause
      splitbrain campaign campaigns/smoke.toml
      splitbrain check runs/20260101-120000-raft-s7
      splitbrain list systems
    """


@cli.command(help=RUN_HELP)
@click.argument("system")
@run_options
@place_options
@sweep_options
@judge_options
@output_options
def run(system: str, seeds: str | None, workers: int, **given: Any) -> int:
    if seeds is None:
        from harness.commands import run_command

        return run_command(system, given)
    from harness.sweeping import sweep_command

    return sweep_command(system, given, seeds, workers)


@cli.command()
@click.argument("run_folder", metavar="RUN")
@click.option("--tries", default=600, show_default=True, help="Plans to try at most; more find smaller ones.")
@output_options
def shrink(run_folder: str, tries: int, runs: str, as_json: bool) -> int:
    """Find a smaller plan that still fails as RUN did, and run it as a run of its own.

    RUN is a simulated run with an anomaly; fewer faults, operations, clients and nodes, and less time are
    tried, always under simulation.

    \b
    Example:
      splitbrain shrink runs/20260101-120000-raft-s7
    """
    from harness.shrinking import shrink_command

    return shrink_command(run_folder, tries, runs, as_json)


@cli.command()
@click.argument("names", nargs=-1, metavar="[SYSTEM[/BUG]]...")
@click.option("--seeds", default=500, show_default=True, help="Seeds to try for each bug at most.")
@click.option("-j", "workers", default=2, show_default=True, help="Processes at a time.")
@click.option("--shrink/--no-shrink", "smaller", default=True, help="Look for the smallest failing run too.")
@click.option("--write", "target", default=None, metavar="FILE", help="Write the table as Markdown.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def zoo(
    names: tuple[str, ...], seeds: int, workers: int, smaller: bool, target: str | None, as_json: bool
) -> int:
    """Hunt every planted bug under simulation: how many seeds and seconds until it is found, and as what.

    \b
    Examples:
      splitbrain zoo
      splitbrain zoo raft paxos/no-adopt --seeds 200
      splitbrain zoo --write docs/zoo.md
    """
    from harness.zoo_command import zoo_command

    return zoo_command(names, seeds, workers, smaller, target, as_json)


@cli.command()
@click.argument("run_folder", metavar="RUN")
@skip_option
@output_options
def replay(run_folder: str, runs: str, as_json: bool, skip_unavailable: bool) -> int:
    """Run the plan of RUN again: same seed, same faults at the same times.

    The schedule is exact; how processes interleave is the machine's.

    \b
    Example:
      splitbrain replay runs/20260101-120000-raft-s7
    """
    from harness.commands import replay_command

    return replay_command(run_folder, runs, as_json, skip_unavailable)


@cli.command()
@click.argument("target", metavar="RUN|FILE")
@click.option(
    "-w", "--workload", default=None, help="Judge FILE by this workload instead of what its header names."
)
@click.option("--failed-cas", type=click.Choice(["observation", "did-not-happen"]), default=None)
@judge_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(
    target: str,
    workload: str | None,
    failed_cas: str | None,
    judge_time: str,
    judge_memory_mb: int,
    as_json: bool,
) -> int:
    """Judge a stored history again: a run's folder (its report is written anew) or a history file.

    \b
    Examples:
      splitbrain check runs/20260101-120000-raft-s7
      splitbrain check history.jsonl -w register
    """
    from harness.commands import check_command

    return check_command(target, workload, failed_cas, judge_time, judge_memory_mb, as_json)


@cli.command(name="list")
@click.argument("what", type=click.Choice(LISTED))
@output_options
def list_(what: str, runs: str, as_json: bool) -> int:
    """List what there is.

    \b
    Examples:
      splitbrain list systems
      splitbrain list runs --json
      splitbrain list fingerprints
    """
    from pathlib import Path

    from harness.listing import show_list

    return show_list(what, Path(runs), as_json)


@cli.command()
@click.argument("name")
@output_options
def show(name: str, runs: str, as_json: bool) -> int:
    """Show a system, workload, nemesis, run, night or fingerprint by NAME.

    \b
    Examples:
      splitbrain show primary-backup
      splitbrain show runs/20260101-120000-raft-s7
    """
    from pathlib import Path

    from harness.listing import show_one

    return show_one(name, Path(runs), as_json)


@cli.group(cls=Suggesting)
def image() -> None:
    """Make the Docker image that nodes run in, see which are there, remove old ones.

    \b
    Examples:
      splitbrain image build
      splitbrain image build --offline
      splitbrain image list
    """


@image.command(name="build")
@click.option(
    "--offline", is_flag=True, help="Without a registry: a Debian made by debootstrap (as root) is the base."
)
@click.option("--force", is_flag=True, help="Build anew, the base too, although the image is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def image_build(offline: bool, force: bool, as_json: bool) -> int:
    """Build the image of the node program as it is installed here, unless it is there; prints its name.

    Its name is a digest of the node program, the packages it imports and the recipe.

    \b
    Examples:
      splitbrain image build             # on an image of a registry
      splitbrain image build --offline   # as root; needs debootstrap and a Debian mirror
    """
    from harness.images.command import build_command

    return build_command(offline, force, as_json)


@image.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def image_list(as_json: bool) -> int:
    """List Splitbrain's images: nodes' and bases, with those that these sources use marked.

    \b
    Example:
      splitbrain image list --json
    """
    from harness.images.command import list_command

    return list_command(as_json)


@image.command(name="remove")
@click.option("--all", "everything", is_flag=True, help="Also what these sources use.")
def image_remove(everything: bool) -> int:
    """Remove Splitbrain's old images; nobody else's are touched.

    \b
    Examples:
      splitbrain image remove
      splitbrain image remove --all
    """
    from harness.images.command import remove_command

    return remove_command(everything)


@cli.command()
@click.option("--on", "place", default=None, help="Look at one place: local, docker or ssh.")
@click.option("--hosts", default=None, metavar="FILE", help="The machines to look at (docs/ssh.md).")
@click.option("--runs", default="runs", show_default=True, help="Folder of run folders.")
@click.option("--cleanup", is_flag=True, help="Remove what killed runs left behind.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def doctor(place: str | None, hosts: str | None, runs: str, cleanup: bool, as_json: bool) -> int:
    """Find out, by trying, what this machine can do for runs, and how to mend what it cannot.

    \b
    Examples:
      splitbrain doctor
      splitbrain doctor --on docker --json
      splitbrain doctor --on ssh --hosts hosts.toml --cleanup
      splitbrain doctor --cleanup
    """
    from harness.config import suggestion
    from harness.deploy.places import HOSTS, PLACES, SIM, SSH, ssh_options
    from harness.doctor.command import doctor_command
    from harness.errors import ConfigError

    if place is not None and place not in PLACES:
        raise ConfigError(f"--on {place}: no such place", fix=suggestion(place, PLACES))
    if place == SIM:
        raise ConfigError("--on sim: simulation needs nothing of a machine", fix="run with --on sim")
    options = ssh_options(place, hosts, False) if place == SSH else {HOSTS: hosts} if hosts else {}
    return doctor_command(place, runs, as_json, cleanup, options)


for _command in (*cli_campaign.COMMANDS, *cli_triage.COMMANDS):
    cli.add_command(_command)


def _complain(message: str) -> None:
    print(f"splitbrain: {message}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    os.environ.setdefault("SPLITBRAIN_STARTED_NS", _now_ns())
    try:
        result = cli.main(
            args=None if argv is None else list(argv), prog_name="splitbrain", standalone_mode=False
        )
        return result if isinstance(result, int) else 0
    except click.UsageError as error:
        usage = f"\n  see: {error.ctx.command_path} --help" if error.ctx else ""
        _complain(error.format_message() + usage)
        return EXIT_USAGE
    except click.Abort:
        return EXIT_INTERRUPTED
    except SplitbrainError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        # Python's own exit code for this is 1, which would read as an anomaly.
        traceback.print_exception(error)
        _complain("this is a bug of splitbrain; please report it with the lines above")
        return EXIT_FAILED


def _now_ns() -> str:
    import time

    return str(time.monotonic_ns())


if __name__ == "__main__":
    sys.exit(main())
