"""The command `lincheck`: which model a history is judged by, and what its operations mean."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from checkers.lincheck.command_options import help_text
from checkers.lincheck.models import MODELS
from tests.checkers.command.texts import GOOD, HEADER, ODD_CAS, QUEUE, Lincheck


@pytest.mark.parametrize(
    ("meta", "text", "model"),
    [
        ({}, GOOD, "register"),
        ({}, ODD_CAS, "cas-register"),
        ({"workload": "cas-register"}, GOOD, "cas-register"),
        ({"workload": "register", "model": "fifo-queue"}, QUEUE, "fifo-queue"),
        ({"workload": "regster"}, GOOD, "did you mean register?"),
        ({"workload": 7}, GOOD, "choose one of register"),
        ({}, QUEUE, "no register knows the operations enqueue"),
        ({"workload": "register"}, ODD_CAS, "not judged by the model register"),
        ({"workload": "cas-register", "failed_cas": "no"}, ODD_CAS, "--failed-cas"),
    ],
)
def test_the_model_is_what_the_header_names_or_the_operations_tell(
    lincheck: Lincheck, meta: dict[str, Any], text: str, model: str
) -> None:
    Path("h.jsonl").write_text(text.replace('"meta":{}', f'"meta":{json.dumps(meta)}'))
    ended = lincheck("--json", "h.jsonl")
    told = json.loads(ended.out)
    if model in MODELS:
        assert told["model"] == model
    else:
        assert told["verdict"] is None
        assert ended.code == 4
        assert model in ended.err
        assert "--model" in ended.err or "--failed-cas" in ended.err


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_can_be_named(lincheck: Lincheck, name: str) -> None:
    Path("nothing.jsonl").write_text(HEADER + "\n")
    assert json.loads(lincheck("--json", "--model", name, "nothing.jsonl").out)["model"] == name
    assert name in help_text()


STACK = """
class Stack:
    init = ()
    def push(self, state, value): return (*state, value), None
    def pop(self, state): return (state[:-1], state[-1]) if state else (state, None)
"""


def test_a_model_of_ones_own(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "lincheck_test_models", raising=False)
    Path("lincheck_test_models.py").write_text(STACK)
    calls = {"push": ('"value":1', "null"), "pop": ('"value":null', "1")}
    lines = [HEADER]
    for time, (f, (given, answered)) in enumerate(calls.items()):
        lines.append(f'{{"type":"invoke","process":0,"time":{time},"f":"{f}",{given}}}')
        lines.append(f'{{"type":"complete","process":0,"time":{time},"outcome":"ok","value":{answered}}}')
    Path("stack.jsonl").write_text("\n".join([*lines, ""]))
    ended = lincheck("--model", "lincheck_test_models:Stack", "stack.jsonl")
    assert (ended.code, ended.rows()[0][0]) == (0, "valid")
    Path("stack.jsonl").write_text("\n".join([*lines, ""]).replace('"ok","value":1', '"ok","value":2'))
    assert lincheck("--model", "lincheck_test_models:Stack", "stack.jsonl").code == 1
    ended = lincheck("--model", "lincheck_test_models:Stak", "stack.jsonl")
    assert ended.code == 4
    assert "Stack" in ended.err
    assert lincheck("--model", "lincheck_test_modules:Stack", "stack.jsonl").code == 4


def test_what_a_failed_cas_means(lincheck: Lincheck) -> None:
    observed, ignored = ["--failed-cas", "observation"], ["--failed-cas", "did-not-happen"]
    assert [lincheck(*more, "cas.jsonl").code for more in ([], observed, ignored)] == [1, 1, 0]
    Path("told.jsonl").write_text(ODD_CAS.replace('"meta":{}', '"meta":{"failed_cas":"did-not-happen"}'))
    assert [lincheck(*more, "told.jsonl").code for more in ([], observed, ignored)] == [0, 1, 0]
    named = ["--model", "cas-register"]
    assert [lincheck(*named, *more, "told.jsonl").code for more in ([], observed, ignored)] == [0, 1, 0]
    events = ("0 :invoke :write 1", "0 :ok :write 1", "1 :invoke :cas [1 2]", "1 :fail :cas [1 2]")
    Path("log").write_text("".join(f"INFO  jepsen.util - {event}\n" for event in events))
    assert [lincheck(*more, "log").code for more in ([], observed, ignored)] == [1, 1, 0]


EDN_CAS = """{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :invoke, :f :cas, :value [1 2]}
{:process 1, :type :fail, :f :cas, :value [1 2]}
"""


def test_what_a_failed_cas_means_in_edn(lincheck: Lincheck) -> None:
    Path("h.edn").write_text(EDN_CAS)
    assert json.loads(lincheck("--json", "h.edn").out)["format"] == "edn"
    assert lincheck("h.edn").code == 0
    assert lincheck("--failed-cas", "did-not-happen", "h.edn").code == 0
    assert lincheck("--failed-cas", "observation", "h.edn").code == 1


def test_keys_that_lost_their_tag(lincheck: Lincheck) -> None:
    """As one object they contradict each other; as objects of their own they do not."""
    Path("h.edn").write_text(
        "{:process 0, :type :invoke, :f :write, :value [:x 1]}\n"
        "{:process 0, :type :ok, :f :write, :value [:x 1]}\n"
        "{:process 0, :type :invoke, :f :read, :value [:y nil]}\n"
        "{:process 0, :type :ok, :f :read, :value [:y nil]}\n"
    )
    assert lincheck("h.edn").code == 1
    assert lincheck("--independent", "h.edn").code == 0
    assert "--independent" in lincheck("--independent", "good.jsonl").err
