"""Bad input for `lincheck`: one clear error, exit 4, no traceback; no verdict about what was not read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from checkers.interop.detect import FORMATS, Format
from checkers.lincheck.command import main
from tests.checkers.test_detect import EDN, ETCD, EXAMPLES, JSONL, KV

Run = Callable[..., tuple[int, str, str]]
HEADER, CALL, _, _, RETURN, _ = JSONL.decode().splitlines()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Writes bytes to the file `h` and judges it; the exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(data: bytes, *flags: str) -> tuple[int, str, str]:
        Path("h").write_bytes(data)
        code = main(["h", *flags])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def is_one_clear_error(ended: tuple[int, str, str], *says: str) -> None:
    code, out, err = ended
    assert code == 4, (out, err)
    assert out == "", "no verdict"
    first, *rest = err.splitlines()
    assert first.startswith("lincheck: h"), err
    assert [line[:7] for line in rest] == ["  fix: "], "one problem, one way to mend it"
    assert "Traceback" not in err
    assert "bug" not in err
    assert len(err) < 1000
    for said in says:
        assert said in err


@pytest.mark.parametrize("flags", [(), ("--format",)])
@pytest.mark.parametrize("format", FORMATS)
def test_a_file_cut_at_every_byte(run: Run, format: Format, flags: tuple[str, ...]) -> None:
    """Whole lines are an unfinished history, which is said; a torn line is refused, or dropped and said."""
    data = EXAMPLES[format]
    judged = 0
    for cut in range(len(data)):
        ended = run(data[:cut], *flags, *([format] if flags else []))
        if ended[0] == 4:
            is_one_clear_error(ended)
            continue
        judged += 1
        code, out, err = ended
        part = data[:cut]
        whole = part[: part.rfind(b"\n") + 1]
        assert code == 0, "no part of it is a violation"
        if format == "edn":
            assert part.endswith((b"\n", b"}")), cut
            whole = part
        assert format == "jsonl" or part == whole, cut
        calls = whole.count(b"invoke")
        assert out.split("\t")[:2] == ["valid", str(calls)], f"cut at {cut}: a verdict on what was read"
        ends = (whole.count(b":type") or whole.count(b"\n")) - calls
        assert ("note:" in err) is (format == "jsonl" or calls != ends), f"cut at {cut}: what is open is said"
        if format == "jsonl":
            assert "no footer" in err
            assert ("was dropped" in err) == (part != whole)
    assert judged >= data.count(b"\n") - 1


JSON_WRONG = [
    ("{}", "type"),
    ("[]", "2:"),
    ("null", "2:"),
    ("{", "JSON"),
    ("\x00", "JSON"),
    ("[" * 1_000_000 + "]" * 1_000_000, "2:"),
    (CALL.replace("12}", "[" * 1_000_000 + "]" * 1_000_000 + "}"), "nested too deeply"),
    (CALL.replace("12}", '{"a":' * 1_000_000 + "1" + "}" * 1_000_001), "nested too deeply"),
    (CALL.replace(":10,", ":NaN,"), "JSON"),
    (CALL.replace(":10,", ":1e400,"), "2:"),
    (CALL.replace(":10,", ":1.5,"), "time"),
    (CALL.replace(":10,", ':"10",'), "time"),
    (CALL.replace(":10,", ":-1,"), "time -1"),
    (CALL.replace(":10,", f":{2**63},"), "time"),
    (CALL.replace(":10,", f":{10**30},"), "2:"),
    (CALL.replace(":0,", f":{2**63},"), "process"),
    (CALL.replace(":0,", ":null,"), "process"),
    (CALL.replace(":0,", ":true,"), "process"),
    (CALL.replace('"f":"write"', '"f":7'), "f"),
    (CALL.replace(',"f":"write"', ""), "f"),
    (CALL.replace("12}", "NaN}"), "JSON"),
    (CALL.replace("12}", "Infinity}"), "JSON"),
    (CALL.replace("value", "valeu"), "valeu"),
    (CALL + "\n" + CALL, ":3: process 0 invokes"),
    (RETURN, "never invoked"),
    (CALL + "\n" + RETURN.replace(":16", ":6"), "before its call"),
    (CALL + "\n" + RETURN.replace("ok", "yes"), "outcome"),
    (CALL + "\n" + RETURN + "\n" + RETURN, ":4:"),
    (HEADER, "second header"),
    ('{"type":"end","events":3,"digest":"0"}', "counts 3"),
    ('{"type":"end","events":0,"digest":"0"}', "digest"),
    ('{"type":"end","events":0}', "digest"),
    ('{"type":"fault","id":1,"event":"begun","time":1,"kind":"kill"}', "never requested"),
    ('{"type":"fault","id":1,"event":"requested","time":1,"kind":"kill"}\n' * 2, "requested twice"),
]


@pytest.mark.parametrize(("lines", "says"), JSON_WRONG)
def test_wrong_lines_of_json(run: Run, lines: str, says: str) -> None:
    is_one_clear_error(run(f"{HEADER}\n{lines.strip()}\n".encode()), says)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (HEADER.replace('"version":1', '"version":99'), "version 99"),
        (HEADER.replace('"version":1', '"version":"1"'), "version"),
        (HEADER.replace('"history"', '"histroy"'), "header"),
        (HEADER.replace('"meta":{', '"meta":[{').replace("}}", "}]}"), "meta"),
        ('{"type":' + "[" * 1_000_000, "header"),
    ],
)
def test_wrong_headers_of_json(run: Run, header: str, says: str) -> None:
    is_one_clear_error(run(f"{header}\n{CALL}\n".encode()), says, "h:1:")


EDN_WRONG = [
    "{:process 0, :type :ok, :f :write, :value 12}",  # a return without a call
    "{:process 0, :type :invoke, :f :write, :value 12}\n{:process 0, :type :invoke, :f :write, :value 12}",
    "{:process 0, :type :invoke, :f :write, :value 12, :index 1}\n"
    "{:process 1, :type :invoke, :f :write, :value 12, :index 1}",
    "{:process 0, :type :invoke, :f :write, :value 12, :time ##NaN}",
    "{:process 0, :type :invoke, :f :write, :value 12, :time -1}",
    '{:process 0, :type :invoke, :f :write, :value 12, :time "1"}',
    f"{{:process 0, :type :invoke, :f :write, :value 12, :time {10**30}}}",
    "{:process 0, :type :invok, :f :write, :value 12}",
    "{:process 0, :type :invoke, :value 12}",
    "{:process 1.5, :type :invoke, :f :write, :value 12}",
    "{:process 0, :type :invoke, :f :write, :value}",
    "{:process 0 :process 1, :type :invoke, :f :write, :value 1}",
    "{:process 0, :type :invoke, :f :write, :value 12",
    '{:process 0, :type :invoke, :f :write, :value "12}',
    "{:process 0, :type :invoke, :f :write, :value 12}}",
    "[{:process 0, :type :invoke, :f :write, :value 12}",
    "{:process 0, :type :invoke, :f :write, :value " + "[" * 1_000_000 + "]" * 1_000_000 + "}",
    "{:process 0, :type :invoke, :f :write, :value " + "{:a " * 1_000_000 + "1" + "}" * 1_000_001,
    "[{:a " + "#a " * 1_000_000 + "1}]",
    "{:a " + "(" * 1_000_000,
    "{:valid? true}",
]


@pytest.mark.parametrize("text", EDN_WRONG, ids=[text[:60] for text in EDN_WRONG])
def test_wrong_edn(run: Run, text: str) -> None:
    is_one_clear_error(run(f"{text}\n".encode()))
    is_one_clear_error(run(f"{text}\n".encode(), "--format", "edn"))


@pytest.mark.parametrize("line", ["hello", "[" * 1_000_000, CALL, "\x00"])
@pytest.mark.parametrize("data", [ETCD, KV], ids=["etcd", "kv"])
def test_a_wrong_line_in_a_log_of_porcupine(run: Run, data: bytes, line: str) -> None:
    is_one_clear_error(run(data + line.encode() + b"\n"), f"h:{len(data.splitlines()) + 1}:")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_a_file_read_in_a_wrong_format(run: Run, format: Format, other: Format) -> None:
    """A key-value log is EDN too; whatever comes of that is no verdict that its keys were not part of."""
    if format == other:
        assert run(EXAMPLES[format], "--format", other)[0] == 0
    else:
        is_one_clear_error(run(EXAMPLES[format], "--format", other))


@pytest.mark.parametrize("data", [JSONL, EDN, ETCD, KV], ids=FORMATS)
@pytest.mark.parametrize("byte", [b"\x00", b"\xff", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text(run: Run, data: bytes, byte: bytes) -> None:
    at = data.index(b":invoke") if b":invoke" in data else data.index(b"write")
    is_one_clear_error(run(data[:at] + byte + data[at:]), "h:")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n\n", "blank"),
        (b"\xef\xbb\xbf" + JSONL, "byte order mark"),
        (JSONL.decode().encode("utf-16"), "UTF-16"),
        (bytes(range(256)), "--format"),
        (b"\x93NUMPY", "--format"),
        (b"[" * 1_000_000, "--format"),
    ],
)
def test_files_that_are_no_history(run: Run, data: bytes, says: str) -> None:
    is_one_clear_error(run(data), says)


@pytest.mark.parametrize("format", [None, *FORMATS])
def test_a_line_of_many_megabytes(run: Run, format: Format | None) -> None:
    flags = ("--format", format) if format else ()
    for start in (b"", b'{"type":"history","a":"', b"INFO  jepsen.util - ", b'{:process 0, :f "'):
        is_one_clear_error(run(start + b"x" * 8_000_000 + b"\n", *flags))
        is_one_clear_error(run(start + b" " * 8_000_000, *flags))


def test_an_operation_that_the_model_cannot_judge(run: Run) -> None:
    wrong = JSONL.replace(b"[12,2]", b"[12,2,3]")
    is_one_clear_error(run(wrong), "cas", "--model")
    is_one_clear_error(run(JSONL, "--model", "fifo-queue"), "write", "--model")


def test_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("h-folder").mkdir()
    Path("h-locked").write_bytes(JSONL)
    Path("h-locked").chmod(0)
    Path("h-loop").symlink_to("h-loop")
    cases = {"h-folder": "Is a directory", "h-missing": "No such file", "h-loop": "symbolic links"}
    for name, says in cases.items():
        code = main([name])
        told = capsys.readouterr()
        is_one_clear_error((code, told.out, told.err), name, says)
    user = os.geteuid()
    if user == 0:
        os.chown(tmp_path, 65534, -1)
        os.seteuid(65534)
    try:
        code = main([str(Path("h-locked"))])
    finally:
        os.seteuid(user)
    told = capsys.readouterr()
    is_one_clear_error((code, told.out, told.err), "Permission denied")
    assert main(["h\x00"]) == 4
    told = capsys.readouterr()
    assert "Traceback" not in told.err
