"""Every name of an anomaly has a sentence, and every violation has a name."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import msgspec
import pytest

import checkers
from checkers import anomalies
from checkers.anomalies import ANOMALIES, explained
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import check
from checkers.lincheck.models import named
from checkers.liveness import Recovers
from checkers.verdict import Invalid, Verdict

ROOT = Path(checkers.__file__).parent
CLAIMS = [
    thing
    for module in pkgutil.iter_modules(checkers.__path__)
    if module.name not in ("claim",)
    for thing in vars(importlib.import_module(f"checkers.{module.name}")).values()
    if isinstance(thing, type) and hasattr(thing, "promise") | hasattr(thing, "anomalies")
]


def test_the_claims_are_found() -> None:
    names = {claim.__name__ for claim in CLAIMS}
    assert names == {
        "Convergence", "Counters", "Coverage", "Deletions", "Linearizable", "Recovers", "Sessions", "Sets",
    }  # fmt: skip


def test_every_name_that_a_claim_can_give_is_in_the_table_and_the_other_way_round() -> None:
    given = {name for claim in CLAIMS for name in claim.anomalies}
    assert given == set(ANOMALIES)
    constants = {v for k, v in vars(anomalies).items() if k.isupper() and isinstance(v, str)}
    assert constants == set(ANOMALIES)


def test_each_is_one_sentence() -> None:
    for name, told in ANOMALIES.items():
        assert told[0].isupper(), name
        assert told.count(".") == 1, name
        assert told.endswith("."), name
    assert len(set(ANOMALIES.values())) == len(ANOMALIES)


def test_joined_names_have_joined_sentences() -> None:
    both = explained("monotonic-reads+read-your-writes")
    assert both == f"{ANOMALIES['monotonic-reads']} {ANOMALIES['read-your-writes']}"
    assert explained("") == explained("of another program") == ""


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.stem)
def test_no_violation_is_made_without_a_name(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Invalid":
            named_one = any(k.arg == "anomaly" for k in node.keywords)
            assert named_one or len(node.args) == 7, f"{path.name}:{node.lineno}"


def test_old_claims_name_what_they_find() -> None:
    stale = [
        Op(0, 0, "write", "x", 1, None, Outcome.OK, 0, 1),
        Op(1, 0, "read", "x", None, 2, Outcome.OK, 2, 3),
    ]
    for explain in (True, False):
        verdict = check(History.of(stale), named("register"), explain=explain)
        assert isinstance(verdict, Invalid)
        assert verdict.anomaly == "not-linearizable"
    silent = [Op(0, 0, "read", "x", None, None, Outcome.INFO, 5, OPEN_NS, 3 * 10**9)]
    verdict = Recovers(0, 1)(History.of(silent))
    assert isinstance(verdict, Invalid)
    assert verdict.anomaly == "no-recovery"


def test_a_name_survives_json_and_older_files_are_still_read() -> None:
    verdict = Invalid(1, "told", anomaly="lost")
    text = msgspec.json.encode(verdict)
    assert msgspec.json.decode(text, type=Verdict) == verdict
    older = b'{"verdict":"invalid","checked":1,"sentence":"told","bad_keys":[],"notes":[],"algorithm":""}'
    assert msgspec.json.decode(older, type=Verdict) == Invalid(1, "told")
