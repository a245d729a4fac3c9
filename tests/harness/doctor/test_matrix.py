"""Which faults can be applied where, by what was found; what the doctor's text says of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from harness.deploy import places as deploy_places
from harness.doctor import container_checks, local, page
from harness.doctor.finding import Finding, Status
from harness.doctor.matrix import PLACES, Place, causes, matrix, missing_for
from nemeses.catalogue import CATALOGUE


def finding(name: str, status: Status = "ok", where: str = "") -> Finding:
    return Finding(name, status, f"{name} was seen", "why", f"mend {name}", 0.0, where)


def test_every_place_and_every_fault_is_in_the_table() -> None:
    assert {*PLACES, deploy_places.SIM} == set(deploy_places.PLACES)
    real = {name for name, info in CATALOGUE.items() if not info.simulated}
    assert all(set(place.faults) == real for place in PLACES.values())


def test_a_fault_is_available_exactly_if_nothing_that_it_needs_is_missing() -> None:
    found = [finding("namespaces"), finding("veth and bridge", "doubtful"), finding("stop and kill")]
    found.append(finding("nft rules", "missing"))
    assert missing_for("local", "kill", found) == []
    assert missing_for("local", "partition", found) == ["nft rules"]
    assert [f.name for f in causes(local.NEEDS["partition"], found)] == ["nft rules"]


def test_what_was_not_reached_is_missing_and_the_cause_is_what_stopped_it() -> None:
    assert matrix({"docker": []})["docker"]["pause"] == [*container_checks.RUNS, "stop and kill"]
    found = [finding("engine"), finding("image", "missing")]
    assert missing_for("docker", "partition", found) == ["image", "container", "its namespace", "nft rules"]
    assert [f.name for f in causes(container_checks.NEEDS["partition"], found)] == ["image"]


def several(_options: Mapping[str, str], _wanted: Collection[str] | None) -> list[Finding]:
    return [finding("login", where="h1"), finding("nft", where="h1"), finding("login", "missing", "h2")]


def test_a_place_of_several_hosts_needs_it_on_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry is all that a new place takes."""
    place = Place(several, ("login",), {"partition": ("nft",)}, asks=("hosts",))
    monkeypatch.setattr("harness.doctor.matrix.PLACES", {"far": place})
    monkeypatch.setattr(page, "PLACES", {"far": place})
    found = place.findings({"hosts": "hosts.toml"}, None)
    assert matrix({"far": found}) == {"far": {"partition": ["h2: login", "h2: nft"]}}
    assert [f.label for f in causes(("nft",), found)] == ["h2: login"]
    told = page.render([], {"far": found})
    assert "✓ h1: nft" in told
    assert "✗ far: nothing, as it lacks: h2: login" in told


def test_the_text_ends_with_what_can_be_run() -> None:
    some = [finding(name) for name in local.NAMES[:3]]
    lame = [*some, finding("nft rules", "missing"), finding("netem", "missing")]
    told = page.render([], {"local": lame, "docker": [finding("engine", "missing")]})
    answer = told[told.index("what can be run") :].splitlines()
    assert answer == [
        "what can be run",
        "  ? local: runs, with the faults kill, pause",
        "    not partition, as it lacks: nft rules",
        "  ✗ docker: nothing, as it lacks: engine",
    ]
    assert "✗ nft rules" in told
    assert "- netem" in told, "nothing needs it"
