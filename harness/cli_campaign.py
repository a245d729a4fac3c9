"""The commands of campaigns, on the command line: a night, its index, its retention, its schedule.

Invariant: nothing heavy is imported before a command was parsed.
"""

from __future__ import annotations

from typing import Any

import click

from harness.cli_options import EXITS, output_options, runs_option

CAMPAIGN_HELP = f"""Run one night of the campaign in FILE, and tell in the morning what is new.

FILE is a TOML file (`splitbrain init` writes one). Last night's failures come first, then known
fingerprints, then the cells that were least recently run, with seeds that nobody tried yet.

\b
Examples:
  splitbrain campaign campaigns/nightly.toml --max-time 8h
  splitbrain campaign campaigns/smoke.toml --dry-run
  splitbrain campaign nightly.toml -k "raft and not clock" --maxfail 3
  splitbrain campaign nightly.toml --resume
  splitbrain campaign nightly.toml --shard 2/4
  splitbrain campaign nightly.toml --cluster tcp://10.0.0.1:8786

{EXITS}
"""


@click.command(help=CAMPAIGN_HELP)
@click.argument("file")
@click.option("--max-time", default=None, metavar="TIME", help="Of the night: 8h, 30m.")
@click.option("-k", "expression", default=None, metavar="EXPR", help='Only these jobs: "raft and not kill".')
@click.option("--last-failed", is_flag=True, help="Only what failed in the last night.")
@click.option("--maxfail", type=click.IntRange(min=1), default=None, help="Stop after so many failures.")
@click.option("--resume", is_flag=True, help="Go on with the last night that did not end.")
@click.option("--shard", default=None, metavar="N/OF", help="Only the N-th of OF parts; see `merge`.")
@click.option("--first-seed", type=click.IntRange(min=0), default=None, help="Of the new seeds.")
@click.option("-j", "workers", type=click.IntRange(1, 1024), default=None, help="Runs at a time.")
@click.option("--cluster", default=None, metavar="ADDRESS", help="Of a Dask scheduler, for many machines.")
@click.option("--dry-run", is_flag=True, help="Only say what would be run, and for how long.")
@output_options
def campaign(file: str, **given: Any) -> int:
    from harness.campaign.command import campaign_command

    return campaign_command(file, given)


@click.command()
@click.argument("nights", nargs=-1, required=True, metavar="NIGHT...")
@output_options
def merge(nights: tuple[str, ...], runs: str, as_json: bool) -> int:
    """Join the nights of a campaign's shards (their folders) into one, with one report.

    \b
    Example:
      splitbrain merge shard-*/nightly-20260101-*
    """
    from harness.campaign.keeping import merge_command

    return merge_command(nights, runs, as_json)


@click.command()
@runs_option
def reindex(runs: str) -> int:
    """Make the database of results anew from the folders of runs.

    \b
    Example:
      splitbrain reindex --runs runs
    """
    from harness.campaign.keeping import reindex_command

    return reindex_command(runs)


@click.command()
@click.option(
    "--nights", type=click.IntRange(min=1), default=None, help="Nights that failing histories are kept."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@runs_option
def gc(nights: int | None, dry_run: bool, runs: str) -> int:
    """Remove what nobody needs: minimal counter-examples are kept for ever, failing histories for 30 nights
    (or as the campaign's file says), of passing runs the card.

    \b
    Examples:
      splitbrain gc --dry-run
      splitbrain gc --nights 7
    """
    from harness.campaign.keeping import gc_command

    return gc_command(runs, nights, dry_run)


@click.command()
@click.argument("file", default="campaign.toml")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(file: str, force: bool) -> int:
    """Write a campaign's file with every key explained, and its JSON schema for editors beside it.

    \b
    Examples:
      splitbrain init
      splitbrain init campaigns/nightly.toml
    """
    from harness.campaign.template import init_command

    return init_command(file, force)


@click.command()
@click.argument("file")
@click.option("--systemd", "kind", flag_value="systemd", help="A service and a timer.")
@click.option("--cron", "kind", flag_value="cron", help="A line for a crontab.")
@click.option("--github", "kind", flag_value="github", help="A workflow of GitHub Actions.")
@click.option("--at", default="02:30", show_default=True, help="When, HH:MM.")
@click.option("--max-time", default=None, metavar="TIME", help="Of a night; that of FILE, else 8h.")
@click.option("--shards", type=click.IntRange(1, 100), default=1, show_default=True, help="Parts of a night.")
@click.option("--out", default=None, metavar="DIR", help="Write the files there instead of printing them.")
@runs_option
def schedule(
    file: str, kind: str | None, at: str, max_time: str | None, shards: int, out: str | None, runs: str
) -> int:
    """Print ready files that run the campaign in FILE every night: with a lock, a time limit and a clean-up.

    \b
    Examples:
      splitbrain schedule campaigns/nightly.toml --systemd --out /etc/systemd/system
      splitbrain schedule campaigns/nightly.toml --github --shards 4 > .github/workflows/nightly.yml
    """
    if kind is None:
        raise click.UsageError("give one of --systemd, --cron and --github")
    from harness.campaign.schedule import schedule_command

    return schedule_command(file, kind, at, runs, max_time, shards, out)


@click.command()
@click.argument("address")
@click.option("-j", "slots", type=click.IntRange(1, 1024), default=None, help="Simulated runs at a time.")
@click.option("--offer", default=None, metavar="PLACES", help="Only these places: sim,docker.")
def worker(address: str, slots: int | None, offer: str | None) -> int:
    """Offer this machine to the campaigns of a Dask scheduler (needs the extra `cluster`).

    \b
    Example:
      splitbrain worker tcp://10.0.0.1:8786
    """
    from harness.campaign.cluster_worker import worker_command

    return worker_command(address, slots, tuple(offer.split(",")) if offer else ())


COMMANDS = (campaign, merge, reindex, gc, init, schedule, worker)
