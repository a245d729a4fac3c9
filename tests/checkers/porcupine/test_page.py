"""The page as text: what stands in it without a browser, and what its packed columns hold."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import Register, check
from checkers.lincheck.page import Bar, render_verdict, stuck_after, trimming, verdicts
from checkers.lincheck.page.trimming import restricted, window
from checkers.lincheck.page.words import visible
from checkers.lincheck.partials import NONE, Partials
from checkers.lincheck.porcupine import (
    Annotation,
    Model,
    ModelError,
    Operation,
    check_events_verbose,
    check_operations_verbose,
    render,
    visualization,
    visualize,
    visualize_path,
)
from checkers.verdict import Invalid, Unknown
from tests.checkers.porcupine.samples import GET, REGISTER, Put, as_events, illegal, legal, random_register

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'&\u2028\u202e\x00\ud800 {{7*7}}"


def unpacked(page: str) -> Any:
    """The data of the page, as its script reads them, differences added up."""
    found = re.search(r'<script type="text/plain" id="data">([A-Za-z0-9+/=]*)</script>', page)
    assert found
    data = json.loads(zlib.decompress(base64.b64decode(found[1])))
    times = [int(data["origin"]) if data["whole"] else float(data["origin"])]
    for step in data["times"]:
        times.append(times[-1] + step)
    data["times"] = times
    for part in data["parts"]:
        for name in ("call", "items", "leaf"):
            total = 0
            part[name] = [total := total + step for step in part[name]]
        part["end"] = [
            None if d < 0 else times[c + d] for c, d in zip(part["call"], part["end"], strict=True)
        ]
        part["call"] = [times[c] for c in part["call"]]
        part["parents"] = [k - d for k, d in enumerate(part["parents"])]
        for name in ("text", "details", "states"):
            part[name] = [data["texts"][n] for n in part[name]]
        part["lane"] = [data["lanes"][n] for n in part["lane"]]
        part["stuck"] = {i: data["texts"][n] for i, n in part["stuck"]}
    return data


def words(page: str) -> str:
    """What a reader sees of the markup."""
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def drawn(history: list[Operation], model: Model = REGISTER) -> str:
    """The page for `history`."""
    return render(check_operations_verbose(model, history)[1])


def test_an_illegal_history_in_words_and_in_a_table() -> None:
    text = words(drawn(illegal()))
    assert "Not linearizable" in text
    assert "The longest order found holds 2 of 3 operations; then get() -> 0 by client 2 has to come" in text
    assert "not legal in the state 200" in text
    assert "1 client 0 put(200) 0 100 then 200 2 client 1 get() -> 200 10 30 then 200" in text
    assert "× client 2 get() -> 0 40 90 not legal in the state 200" in text


def test_a_legal_history_shows_its_order() -> None:
    text = words(drawn(legal()))
    assert "Linearizable Every operation has a place" in text
    assert "1 client 2 get() -> 0 30 60 then 0 2 client 0 put(100) 0 100 then 100 3 client 1" in text


def test_the_columns_hold_the_history_and_the_orders() -> None:
    history = [replace(o, metadata=f"note {n}") for n, o in enumerate(illegal())]
    _, info = check_operations_verbose(REGISTER, history)
    info.add_annotations(
        [Annotation(tag="net", start=5, end=7, description="cut"), Annotation(client_id=2, start=9)]
    )
    data = unpacked(render(info))
    (part,) = data["parts"]
    assert [part["lane"], part["call"], part["end"]] == [
        ["client 0", "client 1", "client 2"],
        [0, 10, 40],
        [100, 30, 90],
    ]
    assert part["text"] == ["put(200)", "get() -> 200", "get() -> 0"]
    assert part["details"] == ["note 0", "note 1", "note 2"]
    assert (part["items"], part["parents"], part["states"], part["leaf"]) == (
        [0, 1],
        [-1, 0],
        ["200", "200"],
        [1, 1, -1],
    )
    assert (part["best"], part["stuck"]) == (1, {2: "not legal in the state 200"})
    assert [(n["lane"], n["start"], n["end"], n["text"]) for n in data["notes"]] == [
        (3, 5, 7, "cut"),
        (2, 9, 9, ""),
    ]
    assert data["lanes"][3] == "net"


@pytest.mark.parametrize(("scale", "shift"), [(1, 2**60), (10**20, -5), (0.25, 0.5), (1e-7, 0)])
def test_times_come_back_as_they_were(scale: float, shift: float) -> None:
    history = [replace(o, call=o.call * scale + shift, return_=o.return_ * scale + shift) for o in legal()]
    (part,) = unpacked(drawn(history))["parts"]
    assert part["call"] == pytest.approx([o.call for o in history], rel=1e-12)
    assert part["end"] == pytest.approx([o.return_ for o in history], rel=1e-12)
    if isinstance(shift, int) and isinstance(scale, int):
        assert part["call"] == [o.call for o in history]


def test_hostile_text_stays_text() -> None:
    model = Model(
        init=lambda: HOSTILE,
        step=lambda state, input, output: (input != GET or output == state, HOSTILE + str(input)),
        describe_operation=lambda input, output: HOSTILE,
    )
    history = [Operation(HOSTILE, Put(1), 0, None, 1, HOSTILE), Operation(HOSTILE, GET, 2, 9, 3, HOSTILE)]
    _, info = check_operations_verbose(model, history)
    info.add_annotations(
        [Annotation(tag=HOSTILE, start=0, description=HOSTILE, details=HOSTILE, background_color=HOSTILE)]
    )
    page = render(info)
    page.encode()
    assert "<img" not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert not set("\u2028\u202e\x00") & set(page)
    assert "\\u2028\\u202e\\u0000\\ud800 {{7*7}}" in words(page)
    assert "&lt;/script&gt;" in page


def test_nothing_is_fetched_from_anywhere() -> None:
    page = drawn(illegal())
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,"]
    assert "default-src 'none'" in page


def test_illegal_partitions_come_first() -> None:
    model = replace(REGISTER, partition=lambda h: [h[:3], h[3:], []])
    later = [replace(o, client_id=o.client_id) for o in illegal()]
    data = unpacked(drawn([*legal(), *later], model))
    assert [(p["name"], p["answer"], len(p["call"])) for p in data["parts"]] == [
        ("partition 1", "illegal", 3),
        ("partition 0", "legal", 3),
        ("partition 2", "legal", 0),
    ]


def test_an_empty_history_has_a_page() -> None:
    assert "The history has no operations." in words(drawn([]))
    assert unpacked(drawn([]))["parts"] == []


def test_visualize_writes_to_a_file_object_or_a_path(tmp_path: Path) -> None:
    _, info = check_events_verbose(REGISTER, as_events(illegal()))
    file = io.StringIO()
    visualize(REGISTER, info, file)
    visualize_path(REGISTER, info, tmp_path / "a.html")
    visualize_path(REGISTER, info, str(tmp_path / "b.html"))
    assert file.getvalue() == render(info)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes() == render(info).encode()
    other = replace(REGISTER, describe_state=lambda state: f"holds {state}")
    assert "not legal in the state holds 200" in words(render(info, other))


def test_a_describing_function_that_fails_is_a_model_error() -> None:
    model = replace(REGISTER, describe_state=lambda state: state.nothing)
    with pytest.raises(ModelError, match="of the model failed for"):
        drawn(legal(), model)


def test_a_spent_budget_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from checkers.lincheck.porcupine import checking

    monkeypatch.setattr(checking, "PARTIAL_STEPS", 1)
    monkeypatch.setattr(checking, "PARTIAL_STEPS_EACH", 0)
    text = words(drawn(illegal()))
    assert "Only the first 1 placements were tried: orders may be longer." in text
    assert "not tried any more" in text


def test_an_undecided_history_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from checkers.lincheck.porcupine import deciding

    monkeypatch.setattr(deciding, "check", lambda *_, **__: Unknown("time ran out"))
    text = words(drawn(illegal()))
    assert "Not decided No answer in time. The longest order found holds 2 of 3 operations." in text
    assert "has to come" not in text


def test_of_a_long_history_the_violation_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visualization, "MOST_BARS", 40)
    history = random_register(3, 300, 4, wrong=0)
    history.append(Operation(9, GET, 150, 77, 151))
    page = drawn(history)
    (part,) = unpacked(page)["parts"]
    assert len(part["call"]) == 40
    assert "get() -> 77 by client 9 has to come" in words(page)
    assert "Only 40 of 301 operations are drawn, and numbered among themselves." in words(page)
    assert all(100 < call < 200 for call in part["call"])
    nodes = [part["best"]]
    while part["parents"][nodes[-1]] >= 0:
        nodes.append(part["parents"][nodes[-1]])
    assert part["gaps"][0] == nodes[-1]
    for node in nodes[:-1]:
        text, state = part["text"][part["items"][node]], part["states"][node]
        assert text in (f"put({state})", f"get() -> {state}")


def test_a_window_is_centred_on_its_focus() -> None:
    calls = [10 * n for n in range(20)]
    assert window(calls, (), 5) == [0, 1, 2, 3, 4]
    assert window(calls, [10], 5) == [8, 9, 10, 11, 12]
    assert window(calls, [19], 5) == [15, 16, 17, 18, 19]
    assert window(calls, [0, 19], 4) == [0, 7, 8, 19]
    assert window(calls[::-1], [3], 3) == [2, 3, 4]
    assert window(calls, [1], 50) == list(range(20))


def test_orders_through_some_items_know_their_gaps() -> None:
    orders = Partials((0, 1, 2, 3), (NONE, 0, 1, 0), (5, 6, 7, 8), (2, 2, 2, 3), 2, True, True, 4)
    found, gaps = restricted(orders, [0, 2, 3])
    assert (found.items, found.parents, found.states) == ((0, 1, 2), (NONE, 0, 0), (5, 7, 8))
    assert (found.leaf, found.best, gaps) == ((1, 1, 2), 1, {1})


def test_what_comes_next_in_time() -> None:
    ops = [(0, 10), (5, 6), (6, 20), (7, 8)]
    assert stuck_after(ops, []) == [1, 0, 2]
    assert stuck_after(ops, [1]) == [3, 0, 2]
    assert stuck_after(ops, [0, 1, 2, 3]) == []


def _history() -> History:
    def op(process: int, f: str, value: Any, call: int, end: int | None, key: Any = "k") -> Op:
        outcome = Outcome.INFO if end is None else Outcome.OK
        given, answer = (value, None) if f == "write" else (None, value)
        stop = OPEN_NS if end is None else end * 10**6
        return Op(0, process, f, key, given, answer, outcome, call * 10**6, stop)

    failed = Op(0, 9, "write", "k", 3, None, Outcome.FAIL, 10**6, 2 * 10**6)
    return History.of(
        [
            op(0, "write", 1, 0, 10),
            op(1, "write", 2, 20, 30),
            op(2, "read", 1, 40, 50),
            op(3, "write", 8, 5, None),
            op(4, "read", None, 1, 2, "other"),
            failed,
        ]
    )


def test_a_verdict_on_a_history_is_drawn() -> None:
    history, model = _history(), Register()
    verdict = check(history, model)
    assert isinstance(verdict, Invalid)
    assert verdict.counter_example is not None
    page = render_verdict(history, verdict, model, "run.jsonl")
    data, text = unpacked(page), words(page)
    assert "Not linearizable" in text
    assert verdict.sentence in text
    assert "run.jsonl: 6 operations, 2 keys, model register" in text
    assert "1 failed operation did not happen and are not drawn" in text
    assert f"0.040000 s 0.050000 s {verdict.counter_example.stuck[0].why}" in text
    first, other = data["parts"]
    assert (first["name"], first["answer"], first["end"]) == (
        "key k",
        "illegal",
        [10**7, None, 3 * 10**7, 5 * 10**7],
    )
    assert first["unsure"] == [1]
    assert [first["text"][i] for i in first["marked"]] == [op.text for op in verdict.counter_example.ops]
    assert list(first["stuck"]) == [3]
    assert (other["name"], other["answer"]) == ("key other", "legal" if other["items"] else "unknown")


def test_a_witness_is_drawn_with_its_states(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, model = _history(), Register()
    history = whole.where(whole.index != 5)
    verdict = check(history, model)
    (part,) = [
        p for p in unpacked(render_verdict(history, verdict, model, "h"))["parts"] if p["name"] == "key k"
    ]
    by_item = dict(zip(part["items"], part["states"], strict=True))
    assert by_item[0] == "1"
    assert by_item[2] == "2"
    assert part["answer"] == "legal"
    monkeypatch.setattr(verdicts, "MOST_WORDS", 0)
    monkeypatch.setattr(verdicts, "MOST_BARS", 2)
    small = unpacked(render_verdict(history, verdict, model, "h"))
    assert [len(p["call"]) for p in small["parts"]] == [2]
    assert set(small["parts"][0]["states"]) == {"(not written out)"}


def test_an_undecided_verdict_is_drawn() -> None:
    history = _history()
    text = words(render_verdict(history, Unknown("time ran out", 6), Register(), HOSTILE))
    assert "Not decided time ran out" in text
    assert Bar("a", 0, None, "b").sure


def test_hidden_characters_become_visible() -> None:
    assert visible("a\u200bb\u202ec\x07\nd") == "a\\u200bb\\u202ec\\u0007\nd"
    assert visible("x" * 3_000).endswith("… (1,000 more)")
    assert trimming.left_out(3, 3) == ""
