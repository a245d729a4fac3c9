"""`splitbrain schedule`: ready files that run a campaign every night, for systemd, cron or GitHub Actions.

    a night: a lock, so that two never meet -> the clean-up of what killed runs left -> the campaign, which
    ends by itself in time, or is ended -> the removal of what nobody needs; its exit code is the campaign's

Invariants: making the files is pure; every path in them is absolute (in a workflow: the repository's), and
quoted for who reads it; a path that one of the readers could take otherwise is refused.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.campaign.file import CampaignFile, read_campaign
from harness.campaign.template import filled, written
from harness.config import parse_duration
from harness.errors import EXIT_VALID, ConfigError
from harness.suggestion import suggestion

LOCKED = 75  # how it ends when another night is at work: "try again later"
SLACK_S = 1800  # for the runs that are under way when the time is up, and the report
KILL_AFTER_S = 300
MOST_SHARDS = 256  # jobs that a matrix of GitHub's may have
CRON_LINE = 998  # characters of a command that every cron takes
CRON_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # faults need what is in sbin
HOSTED_M = 360  # after which GitHub's own machines end a job
_INSTANCE = "\0"  # stands for a unit's instance, the number of a shard; no path has it
_AT = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_UNSOUND = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]|\s$")
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,+@-]+")


@dataclass(frozen=True, slots=True)
class Nightly:
    """What is to be run, when, and where. program: the words that start splitbrain; hosts: files of machines
    that the campaign names; within: the campaign's file as its repository has it, "" if none does.
    """

    name: str
    program: tuple[str, ...]
    file: Path
    runs: Path
    directory: Path
    hour: int
    minute: int
    max_s: float
    shards: int = 1
    hosts: tuple[str, ...] = ()
    within: str = ""

    @property
    def unit(self) -> str:
        """What its files are called; a unit's name takes no +."""
        return f"splitbrain-{self.name}".replace("+", "-")

    @property
    def limit_s(self) -> int:
        """After which a night hangs."""
        return round(self.max_s) + SLACK_S

    @property
    def limit_m(self) -> int:
        """The same in minutes."""
        return -(-self.limit_s // 60)

    def lock(self, shard: str) -> str:
        """The lock of a whole night, or of a shard's."""
        return str(self.runs / (f".schedule-{shard}.lock" if shard else ".schedule.lock"))

    def campaign(self, shard: str) -> list[str]:
        """The words of the night's command."""
        part = ["--shard", f"{shard}/{self.shards}"] if shard else []
        time = ["--max-time", _in_words(self.max_s)]
        return [*self.program, "campaign", str(self.file), "--runs", str(self.runs), *time, *part]

    def cleanups(self) -> list[list[str]]:
        """The commands that remove what killed runs left, here and on the machines that are named."""
        words = [*self.program, "doctor", "--cleanup", "--runs", str(self.runs)]
        return [[*words, "--hosts", hosts] for hosts in self.hosts] or [words]

    def gc(self) -> list[str]:
        """The words of the command that removes what nobody needs."""
        return [*self.program, "gc", "--runs", str(self.runs)]


def systemd_files(nightly: Nightly) -> dict[str, str]:
    """A service and a timer; of many shards, templates with a shard's number as their instance."""
    shard = _INSTANCE if nightly.shards > 1 else ""
    unit = nightly.unit + ("@" if shard else "")
    lock = [_tool("flock"), "-n", "-F", "-E", str(LOCKED), nightly.lock(shard)]
    which = f", shard %i of {nightly.shards}" if shard else ""
    values = {
        "UNIT": unit,
        "NAME": nightly.name,
        "WHICH": which,
        "AT": f"{nightly.hour:02}:{nightly.minute:02}",
        "LOCK_BY_HAND": shlex.quote(nightly.lock("SHARD" if shard else "")),
        "DIRECTORY": str(nightly.directory).replace("%", "%%"),
        "MKDIR": exec_line([_tool("mkdir"), "-p", str(nightly.runs)]),
        "CLEANUPS": "\n".join(f"ExecStartPre={exec_line(words, '-')}" for words in nightly.cleanups()),
        "CAMPAIGN": exec_line([*lock, *nightly.campaign(shard)]),
        "GC": exec_line(nightly.gc()),
        "MAX_TIME": _in_words(nightly.max_s),
        "LIMIT_S": str(nightly.limit_s),
    }
    return {f"{unit}.{kind}": filled(f"night.{kind}", values) for kind in ("service", "timer")}


def exec_line(words: Sequence[str], mark: str = "") -> str:
    """A command as ExecStart= has it. The colon: a $ in it is a $, not a variable."""
    if not _PLAIN.fullmatch(words[0]):  # systemd takes no quotes in a program's path, but in its arguments
        words = [_tool("nice"), "-n", "0", *words]
    return " ".join(_unit_word(word) for word in (f"{mark}:{words[0]}", *words[1:]))


def _unit_word(word: str) -> str:
    if not _PLAIN.fullmatch(word.replace(_INSTANCE, "")):
        word = '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return word.replace("%", "%%").replace(_INSTANCE, "%i")


def cron_files(nightly: Nightly) -> dict[str, str]:
    """A crontab: a line for the night, or one for each shard. Raises ConfigError if it were too long."""
    lines = [
        f"# {nightly.unit}.cron: every night, the campaign {nightly.name}.",
        "# What a line prints goes by mail to its owner, or to whom MAILTO names.",
        "#MAILTO=you@example.org",
        "SHELL=/bin/sh",
        f"PATH={CRON_PATH}",
    ]
    if nightly.shards > 1:
        lines.append(f"# One line for each of {nightly.shards} machines.")
    for shard in map(str, range(1, nightly.shards + 1)):
        command = cron_command(nightly, shard if nightly.shards > 1 else "")
        escaped = command.replace("%", r"\%")  # to cron, a bare one is the end of the line
        if len(escaped) > CRON_LINE:
            said = f"the command has {len(escaped)} characters, and cron takes {CRON_LINE}"
            raise ConfigError(said, fix="move the files to where their paths are shorter, or use --systemd")
        lines.append(f"{nightly.minute} {nightly.hour} * * * {escaped}")
    return {f"{nightly.unit}.cron": "\n".join(lines) + "\n"}


def cron_command(nightly: Nightly, shard: str) -> str:
    """What the shell is to do. The lock is the shell's, and thus held until the last command has ended; what
    is long stands there once, as cron takes no long lines.
    """
    program, runs = list(nightly.program), str(nightly.runs)
    busy = shlex.quote(f"splitbrain: {nightly.name}: another night is still at work")
    lock = '"$r"/' + Path(nightly.lock(shard)).name

    def short(words: Sequence[str]) -> str:
        rest = ('"$r"' if word == runs else shlex.quote(word) for word in words[len(program) :])
        return " ".join(['"$@"', *rest])

    limit = f"{_tool('timeout')} --kill-after={KILL_AFTER_S} {nightly.limit_s}"
    steps = [f"{short(words)} >/dev/null" for words in nightly.cleanups()]
    steps += [f"{limit} {short(nightly.campaign(shard))}", "code=$?", f"{short(nightly.gc())} >/dev/null"]
    return (
        f"r={shlex.quote(runs)}; set -- {shlex.join(program)}; cd {shlex.quote(str(nightly.directory))}"
        f' && {_tool("mkdir")} -p "$r" && exec 9>>{lock}'
        f" && {{ {_tool('flock')} -n 9 || {{ echo {busy} >&2; exit {LOCKED}; }}; }}"
        f" && {{ {'; '.join(steps)}; exit $code; }}"
    )


def github_files(nightly: Nightly) -> dict[str, str]:
    """A workflow: a job for each shard, and one that joins what they found. Its runs stand in `runs`."""
    file = json.dumps(nightly.within, ensure_ascii=False).replace("${{", "${{ '${{' }}")
    values = {
        "UNIT": nightly.unit,
        "NAME": nightly.name,
        "HOUR": str(nightly.hour),
        "MINUTE": str(nightly.minute),
        "FILE": file,
        "LIMIT_M": str(nightly.limit_m),
        "MAX_TIME": _in_words(nightly.max_s),
        "SHARDS": str(nightly.shards),
        "SHARD_LIST": ", ".join(map(str, range(1, nightly.shards + 1))),
    }
    return {f"{nightly.unit}.yml": filled("night.yml", values)}


_FILES: dict[str, Callable[[Nightly], dict[str, str]]] = {
    "systemd": systemd_files,
    "cron": cron_files,
    "github": github_files,
}
_MAX_S = {"systemd": 8 * 3600.0, "cron": 8 * 3600.0, "github": 5 * 3600.0}  # GitHub ends a job after 6 h


def schedule_command(
    file: str, kind: str, at: str, runs: str, max_time: str | None, shards: int, out: str | None
) -> int:
    """Print the files, or write them to the folder `out` and say how to install them."""
    if kind not in _FILES:
        raise ConfigError(f"there is no schedule of the kind {kind!r}", fix=suggestion(kind, _FILES))
    nightly = nightly_of(file, kind, at, runs, max_time, shards)
    made = _FILES[kind](nightly)
    if kind == "github" and nightly.limit_m > HOSTED_M:
        said = f"splitbrain: GitHub's own machines end a job after {HOSTED_M} minutes, and this one may take"
        print(f"{said} {nightly.limit_m}: give --max-time 5h, or machines of yours", file=sys.stderr)
    if out is None:
        print("\n".join(f"# --- {name} ---\n{text}" for name, text in made.items()), end="")
        return EXIT_VALID
    paths = [written(Path(out).absolute(), name, text) for name, text in made.items()]
    for path in paths:
        print(f"wrote {path}")
    print("install:")
    for line in _installing(kind, nightly, paths):
        print(f"  {line}")
    return EXIT_VALID


def nightly_of(file: str, kind: str, at: str, runs: str, max_time: str | None, shards: int) -> Nightly:
    """What is asked for, checked, with this machine's paths. Raises ConfigError."""
    campaign, _ = read_campaign(Path(file))
    match = _AT.fullmatch(at.strip())
    if match is None:
        raise ConfigError(f"--at {at!r} is no time of the day", fix="write for example --at 02:30")
    if not 1 <= shards <= MOST_SHARDS:
        raise ConfigError(f"--shards {shards}: from 1 to {MOST_SHARDS}", fix="give --shards 4")
    max_s = parse_duration(max_time, "--max-time") if max_time else campaign.max_time or _MAX_S[kind]
    if max_s < 1:
        raise ConfigError(f"--max-time {max_time}: at least a second", fix="give --max-time 8h")
    path = Path(file).resolve()
    nightly = Nightly(
        name=campaign.name,
        program=_program(),
        file=path,
        runs=Path(runs).absolute(),
        directory=Path.cwd(),
        hour=int(match[1]),
        minute=int(match[2]),
        max_s=max_s,
        shards=shards,
        hosts=_hosts(campaign),
        within=_within(path) if kind == "github" else "",
    )
    _check_paths([*nightly.program, str(path), str(nightly.runs), str(nightly.directory), *nightly.hosts])
    return nightly


def _program() -> tuple[str, ...]:
    """The splitbrain that belongs to this Python. Its path is not resolved: a link is what makes a venv."""
    beside = Path(sys.executable).with_name("splitbrain")
    return (str(beside),) if os.access(beside, os.X_OK) else (sys.executable, "-m", "harness.cli")


def _tool(name: str) -> str:
    return shutil.which(name) or f"/usr/bin/{name}"


def _hosts(campaign: CampaignFile) -> tuple[str, ...]:
    tables = (campaign.defaults, *campaign.systems, *campaign.matrix, *campaign.include)
    return tuple(dict.fromkeys(str(Path(table.hosts).absolute()) for table in tables if table.hosts))


def _within(path: Path) -> str:
    """The file's path in its repository, or from here if it is in none."""
    root = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    if not path.is_relative_to(root):
        fix = "put it into the repository that the workflow is for"
        raise ConfigError(f"{path} is in no repository, and not below {root}", fix=fix)
    return path.relative_to(root).as_posix()


def _check_paths(paths: Iterable[str]) -> None:
    for path in paths:
        if _UNSOUND.search(path):
            said = f"{path!r} has a backslash or a control character, or ends with a space"
            raise ConfigError(said, fix="rename it: systemd, cron and shells each take it otherwise")


def _in_words(seconds: float) -> str:
    """As --max-time takes it."""
    whole = round(seconds)
    for unit, size in (("h", 3600), ("m", 60)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _installing(kind: str, nightly: Nightly, paths: Sequence[Path]) -> list[str]:
    files = shlex.join(map(str, paths))
    if kind == "cron":
        return [f"(crontab -l; cat {files}) | crontab -"]
    if kind == "github":
        return [f"put {files} into .github/workflows of the repository, and commit it"]
    many = nightly.shards > 1
    timer = f"{nightly.unit}@1.timer" if many else f"{nightly.unit}.timer"
    lines = [
        f"sudo cp {files} /etc/systemd/system/",
        f"sudo systemctl daemon-reload && sudo systemctl enable --now {timer}",
        "or, without root, in ~/.config/systemd/user, with `systemctl --user` and `loginctl enable-linger`",
    ]
    return [*lines, f"(on the other machines @2 to @{nightly.shards} instead of @1)"] if many else lines
