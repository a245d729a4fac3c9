"""Nights as commands: what is new, ongoing or gone, what is selected, what the exit code says."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from harness.campaign.night import nights_in, open_night
from harness.campaign.store.database import Store
from harness.campaign.store.index import reindex
from tests.harness.campaign.nights import argv_of, run_campaign, splitbrain

HEAD = """
name = "nights"
seeds = {seeds}
workers = 2
[defaults]
on = "sim"
time = "20s"
"""
HONEST = '[[systems]]\nname = "raft"\n'
BUGGY = '[[systems]]\nname = "buggy"\nsystem = "raft"\noptions = { bug = "ack-before-quorum" }\n'
MATRIX = '[[matrix]]\nnemeses = "partition,kill"\n'
EXPECT = '[[expect]]\ncells = "buggy"\nreason = "it is planted"\n'


def campaign(*tables: str, seeds: str = '"1..3"') -> str:
    """A campaign's text."""
    return HEAD.format(seeds=seeds) + "".join(tables)


def groups_of(document: dict[str, Any]) -> Counter[tuple[str, bool]]:
    """How many fingerprints have which status, and whether they are expected."""
    return Counter((group["status"], group["expected"]) for group in document["fingerprints"])


def test_new_then_ongoing_then_gone(tmp_path: Path) -> None:
    first = run_campaign(tmp_path, campaign(HONEST, BUGGY, MATRIX), "--json")
    assert first.code == 1, first.said
    new = groups_of(first.json())
    assert set(new) == {("new", False)}
    second = run_campaign(tmp_path, campaign(HONEST, BUGGY, MATRIX), "--json")
    assert second.code == 1
    assert groups_of(second.json()) == {("ongoing", False): new["new", False]}
    mended = BUGGY.replace("ack-before-quorum", "")
    third = run_campaign(tmp_path, campaign(HONEST, mended, MATRIX), "--json")
    assert third.code == 0, third.said
    assert groups_of(third.json()) == {("gone", False): new["new", False]}
    fourth = run_campaign(tmp_path, campaign(HONEST, mended, MATRIX), "--json")
    assert groups_of(fourth.json()) == {}, "what was gone before tonight is not told of again"


def test_an_expected_anomaly_is_as_expected_and_its_loss_a_finding(tmp_path: Path) -> None:
    first = run_campaign(tmp_path, campaign(HONEST, BUGGY, MATRIX, EXPECT), "--json")
    assert first.code == 0, first.said
    assert set(groups_of(first.json())) == {("new", True)}
    mended = BUGGY.replace("ack-before-quorum", "")
    second = run_campaign(tmp_path, campaign(HONEST, mended, MATRIX, EXPECT), "--json")
    assert second.code == 1
    assert "is gone in buggy/cas-register" in second.json()["findings"][0]


def test_seeds_move_on_and_failures_come_first(tmp_path: Path) -> None:
    text = campaign(HONEST, BUGGY, MATRIX, seeds="2")
    run_campaign(tmp_path, text)
    again = run_campaign(tmp_path, text, "--dry-run", "--json").json()
    jobs = [
        (job["job"].partition("/")[0], job["job"].rpartition("#")[2], job["why"]) for job in again["jobs"]
    ]
    assert jobs[:2] == [("buggy", "1", "failed last night"), ("buggy", "2", "failed last night")]
    assert sorted(jobs[2:]) == [
        (system, seed, "new seed") for system in ("buggy", "raft") for seed in ("3", "4")
    ]


def test_only_what_is_selected(tmp_path: Path) -> None:
    text = campaign(HONEST, BUGGY, MATRIX)
    ended = run_campaign(tmp_path, text, "-k", "raft/ and not #2", "--json")
    assert ended.code == 0, ended.said
    assert ended.json()["runs"] == 2
    assert run_campaign(tmp_path, text, "-k", "nothing-like-it").code == 5
    assert run_campaign(tmp_path, text, "--last-failed").code == 5
    assert run_campaign(tmp_path, text, "-k", "buggy").code == 1
    failed = run_campaign(tmp_path, text, "--last-failed", "--dry-run", "--json").json()
    assert {job["why"] for job in failed["jobs"]} == {"failed last night"}


def test_maxfail_ends_the_night(tmp_path: Path) -> None:
    ended = run_campaign(
        tmp_path, campaign(BUGGY, MATRIX, seeds='"1..12"'), "--maxfail", "1", "-j", "1", "--json"
    )
    assert ended.code == 1
    document = ended.json()
    assert document["runs"] < 12
    assert document["left"][0]["why"] == "--maxfail 1 was reached"
    assert document["left"][0]["runs"] == 12 - document["runs"]


def test_no_time_means_nothing_ran_and_that_is_a_failure(tmp_path: Path) -> None:
    ended = run_campaign(tmp_path, campaign(HONEST, MATRIX), "--max-time", "1ms", "--json")
    assert ended.code == 3
    document = ended.json()
    assert (document["runs"], document["findings"]) == (0, ["Nothing ran."])
    assert document["left"] == [
        {"what": "raft/cas-register/partition,kill@sim", "why": "no time left for it", "runs": 3}
    ]


def test_a_violation_is_not_masked_by_a_crash(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    broken = f'[[systems]]\nname = "broken"\nsystem = "{tmp_path}/broken.py:Nothing"\n'
    ended = run_campaign(tmp_path, campaign(broken, BUGGY, MATRIX), "--json")
    assert ended.code == 1
    assert ended.json()["outcomes"]["failed"] == 3
    alone = run_campaign(tmp_path, campaign(broken, HONEST, MATRIX), "--json")
    assert alone.code == 3


def test_thresholds_are_findings(tmp_path: Path) -> None:
    ended = run_campaign(tmp_path, campaign(HONEST, MATRIX, "[thresholds]\nops_ok = 100000\n"), "--json")
    assert ended.code == 2
    assert "fewer than 100000" in ended.json()["trouble"][0]["trouble"]


def test_shards_merged_are_the_whole(tmp_path: Path) -> None:
    text = campaign(HONEST, BUGGY, MATRIX)
    whole = run_campaign(tmp_path, text, "--json").json()
    file, shards = str(tmp_path / "campaign.toml"), []
    for number in (1, 2, 3):
        runs = tmp_path / f"shard{number}"
        splitbrain("campaign", file, "--runs", str(runs), "--shard", f"{number}/3")
        shards += [str(folder) for folder in nights_in(runs)]
    ended = splitbrain("merge", *shards, "--runs", str(tmp_path / "merged"), "--json")
    assert ended.code == 1, ended.said
    merged = ended.json()
    for key in ("runs", "outcomes"):
        assert merged[key] == whole[key]
    names = [sorted(group["fingerprint"] for group in one["fingerprints"]) for one in (merged, whole)]
    assert names[0] == names[1]
    twice = splitbrain("merge", shards[0], shards[0], "--runs", str(tmp_path / "merged"))
    assert (twice.code, "give each shard once" in twice.said) == (4, True)


def test_two_campaigns_on_one_store_do_not_disturb_each_other(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    commands = []
    for name in ("one", "two", "two"):
        file = tmp_path / f"{name}.toml"
        file.write_text(campaign(HONEST, BUGGY, MATRIX, seeds='"1..6"').replace('"nights"', f'"{name}"'))
        argv = argv_of("campaign", str(file), "--runs", str(runs), "-j", "1", "--json")
        commands.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    documents = [msgspec.json.decode(command.communicate(timeout=200)[0]) for command in commands]
    assert [command.returncode for command in commands] == [1, 1, 1]
    assert len({document["night"] for document in documents}) == 3
    assert [document["runs"] for document in documents] == [12, 12, 12]
    assert documents[0]["outcomes"] == documents[1]["outcomes"] == documents[2]["outcomes"]
    with Store(runs) as store:
        before = store.dump()
    reindex(runs, lambda _count, _name: None)
    with Store(runs) as store:
        assert store.dump() == before


def test_what_is_kept(tmp_path: Path) -> None:
    run_campaign(tmp_path, campaign(HONEST, BUGGY, MATRIX))
    runs = tmp_path / "runs"
    (night,) = [open_night(folder) for folder in nights_in(runs)]
    by_outcome = {result.outcome: night.run_folder(job) for job, result in night.results()}
    assert sorted(path.name for path in by_outcome["valid"].iterdir()) == ["card.json", "result.json"]
    assert (by_outcome["anomaly"] / "history.jsonl").exists()
    assert splitbrain("gc", "--runs", str(runs)).code == 0
    assert (by_outcome["anomaly"] / "history.jsonl").exists(), "of 30 nights"
    run_campaign(tmp_path, campaign(HONEST, BUGGY, MATRIX), "-k", "raft/")
    told = splitbrain("gc", "--runs", str(runs), "--nights", "1", "--dry-run")
    assert "would be freed" in told.out
    assert (by_outcome["anomaly"] / "history.jsonl").exists()
    splitbrain("gc", "--runs", str(runs), "--nights", "1")
    left = {path.name for path in by_outcome["anomaly"].iterdir()}
    assert left == {
        "card.json",
        "result.json",
        "task.json",
        "plan.json",
        "claims.json",
        "report.html",
        "report.txt",
    }
    with Store(runs) as store:
        before = store.dump()
    reindex(runs, lambda _count, _name: None)
    with Store(runs) as store:
        assert store.dump() == before


class Listener(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    got: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        """Take it."""
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Be silent."""


def test_new_fingerprints_are_told_of_once(tmp_path: Path) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    script = tmp_path / "told.py"
    script.write_text("import sys, pathlib\npathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())\n")
    target = tmp_path / "told.json"
    to = f'[notify]\ncommand = ["{sys.executable}", "{script}", "{target}"]\nwebhook = "http://127.0.0.1:{server.server_port}/"\n'
    ended = run_campaign(tmp_path, campaign(BUGGY, MATRIX, to), "--json")
    server.shutdown()
    message = msgspec.json.decode(target.read_bytes())
    assert msgspec.json.decode(Listener.got.pop()) == message
    assert {one["fingerprint"] for one in message["new"]} == {
        group["fingerprint"] for group in ended.json()["fingerprints"]
    }
    target.unlink()
    again = run_campaign(tmp_path, campaign(BUGGY, MATRIX, to))
    assert again.code == 1
    assert not target.exists()


def test_who_cannot_be_told_is_a_note(tmp_path: Path) -> None:
    to = '[notify]\ncommand = ["/nowhere/to/be/found"]\nwebhook = "http://127.0.0.1:9/"\n'
    ended = run_campaign(tmp_path, campaign(BUGGY, MATRIX, to))
    assert ended.code == 1
    assert "notify.command: /nowhere/to/be/found: No such file" in ended.said
    assert "notify.webhook: http://127.0.0.1:9/" in ended.said


def test_github_gets_the_summary(tmp_path: Path) -> None:
    file, step = tmp_path / "campaign.toml", tmp_path / "step.md"
    file.write_text(campaign(BUGGY, MATRIX))
    step.write_text("before\n")
    splitbrain(
        "campaign", str(file), "--runs", str(tmp_path / "runs"), env={"GITHUB_STEP_SUMMARY": str(step)}
    )
    assert step.read_text().startswith("before\n")
    assert "buggy" in step.read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["-k", "raft and"], "it ends where a word should follow"),
        (["--shard", "5/4"], "--shard '5/4' is no shard"),
        (["--max-time", "soon"], "--max-time: 'soon' is not a duration"),
    ],
)
def test_wrong_flags_are_refused(tmp_path: Path, more: list[str], said: str) -> None:
    ended = run_campaign(tmp_path, campaign(HONEST, MATRIX), *more)
    assert (ended.code, said in ended.said) == (4, True), ended.said
    assert nights_in(tmp_path / "runs") == []


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    wrong = campaign(
        HONEST, BUGGY.replace("bug =", "bgu ="), '[[matrix]]\nworkloads = ["cas-registre", "files"]\n'
    )
    ended = run_campaign(tmp_path, wrong)
    assert ended.code == 4
    for said in (
        "did you mean 'bug'?",
        "did you mean 'cas-register'?",
        "does not serve the workload 'files'",
    ):
        assert said in ended.said


def test_a_disk_that_is_full_ends_the_night_with_what_is_done(tmp_path: Path) -> None:
    small = tmp_path / "runs"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: needs root")
    try:
        # Failing runs keep their histories, so this disk is soon full.
        ended = run_campaign(tmp_path, campaign(BUGGY, MATRIX, seeds='"1..60"'))
        assert ended.code in (1, 3), ended.said
        assert "No space left on device" in ended.said
        assert "free some disk space" in ended.said
        assert "Traceback" not in ended.said
    finally:
        subprocess.run(["umount", str(small)], check=True)
