"""This project's own campaigns, as a newcomer runs them, and their page in a browser."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from junitparser import JUnitXml

from harness.campaign.file import read_campaign, schema
from tests.harness.campaign.nights import splitbrain

ROOT = Path(__file__).parents[2]
SMOKE = str(ROOT / "campaigns" / "smoke.toml")


def test_the_schema_beside_the_campaigns_is_that_of_the_files() -> None:
    there = msgspec.json.decode((ROOT / "campaigns" / "campaign.schema.json").read_bytes())
    assert there == schema(), "write it anew: splitbrain init --force campaigns/x.toml"
    for path in (ROOT / "campaigns").glob("*.toml"):
        assert read_campaign(path)[0].name == path.stem


def test_nightly_covers_every_system_and_all_planted_bugs(tmp_path: Path) -> None:
    nightly = str(ROOT / "campaigns" / "nightly.toml")
    document = splitbrain("campaign", nightly, "--dry-run", "--json", "--runs", str(tmp_path)).json()
    cells = {job["job"].rpartition("#")[0] for job in document["jobs"]}
    bugs = msgspec.json.decode(splitbrain("list", "bugs", "--json").out)
    assert {cell for cell in cells if cell.startswith("zoo/")} == {f"zoo/{bug['name']}" for bug in bugs}
    systems = {cell.partition("/")[0] for cell in cells if "@local" in cell}
    assert systems >= {
        "raft",
        "paxos",
        "sync",
        "chain",
        "async",
        "quorum",
        "gossip",
        "active-active",
        "files-raft",
    }


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of the smoke campaign in one folder of runs; of the second, what is simulated."""
    runs = tmp_path_factory.mktemp("smoke") / "runs"
    first = splitbrain("campaign", SMOKE, "--runs", str(runs), timeout_s=700)
    assert first.code == 0, first.said + first.out
    second = splitbrain("campaign", SMOKE, "--runs", str(runs), "-k", "not @local", timeout_s=700)
    assert second.code == 0, second.said + second.out
    return runs


def documents(runs: Path) -> list[dict[str, Any]]:
    """What each night left, the earlier first."""
    return [msgspec.json.decode(path.read_bytes()) for path in sorted(runs.glob("*/report.json"))]


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_smoke_is_as_expected_and_then_ongoing(nights: Path) -> None:
    first, second = documents(nights)
    assert len(first["runs"]) >= 40
    assert first["findings"] == second["findings"] == []
    statuses = [Counter(group["status"] for group in night["groups"]) for night in (first, second)]
    assert set(statuses[0]) == {"new"}
    assert statuses[1] == {"ongoing": statuses[0]["new"]}
    assert all(bug["found"] for bug in first["bugs"])
    assert all(len(trend["values"]) == 2 for trend in second["trends"])
    assert second["trends"]


def test_its_xml_has_every_run(nights: Path) -> None:
    path = min(nights.glob("*/junit.xml"))
    suites = list(JUnitXml.fromfile(str(path)))
    first, _ = documents(nights)
    cases = sum(len(list(suite)) for suite in suites)
    assert cases == len(first["runs"]) + len(first["left"])
    assert sum(suite.failures + suite.errors for suite in suites) == 0


def test_its_page_in_a_browser(nights: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = max(nights.glob("*/report.html"))
    asked: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        assert "As expected" in page.inner_text("#verdict")
        assert page.locator("#trends svg").count() > 10
        link = page.locator("a[href$='report.html']").first.get_attribute("href")
        assert link is not None
        page.goto((path.parent / link).resolve().as_uri())
        assert "Anomaly found" in page.inner_text("#verdict")
        browser.close()
    assert {url.partition(":")[0] for url in asked} == {"file"}
