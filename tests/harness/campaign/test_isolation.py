"""Processes that do their worst, real ones: each ends with a clear word, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.campaign.isolation import Ended, Watched, held_mb, isolated, size_mb
from harness.campaign.jobs import Limits
from tests.harness.campaign.nights import until

ROOT = Path(__file__).parents[3]
WITHIN_S = 30.0
ROOMY = Limits(60.0, 2000, 500)
SLEEP = [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"]


def run(tmp_path: Path, target: Any, *arguments: Any, limits: Limits = ROOMY, **watched: Any) -> Ended:
    """Call it with `tmp_path` first."""
    return isolated(target, (str(tmp_path), *arguments), limits, Watched(tmp_path / "log", **watched))


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "log").read_text()


# What the processes do; each gets the test's folder.


def answer(_folder: str, what: bytes) -> bytes:
    return what


def tell(_folder: str) -> bytes:
    print("to the log")
    print("also to the log", file=sys.stderr)
    os.system("echo by a child")
    facts = [
        os.getsid(0) == os.getpid(),
        Path("/proc/self/oom_score_adj").read_text().strip() == "1000",
        sys.stdin.read() == "",
        os.getppid() != os.getpgid(0),
    ]
    return repr(facts).encode()


def hang(folder: str) -> bytes:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    note(folder, os.getpid())
    while True:
        pass


def eat(_folder: str, in_child: bool) -> bytes:
    code = "import time\neaten = []\nwhile True: eaten.append(bytearray(b'x' * (8 << 20))); time.sleep(0.001)"
    if in_child:
        subprocess.run([sys.executable, "-c", code], start_new_session=True, check=False)
    exec(code)
    return b""


def fill(folder: str) -> bytes:
    number = 0
    while True:
        number += 1
        (Path(folder) / "files" / str(number)).write_bytes(os.urandom(256 << 10))
        time.sleep(0.001)


def write_one(folder: str) -> bytes:
    (Path(folder) / "big").write_bytes(bytes(70 << 20))
    return b""


def leave(_folder: str, code: int) -> bytes:
    print("first words\nlast words\n", flush=True)
    os._exit(code)


def be_killed_by(_folder: str, number: int) -> bytes:
    os.kill(os.getpid(), number)
    return b"still here"


def fail(_folder: str, kind: type[BaseException]) -> bytes:
    raise kind("of no use")


def close_everything(folder: str) -> bytes:
    os.closerange(3, 1000)
    return hang(folder)


def heal(folder: str, listens: bool) -> bytes:
    def handler(*_: Any) -> None:
        (Path(folder) / "healed").touch()
        os._exit(0)

    signal.signal(signal.SIGTERM, handler if listens else signal.SIG_IGN)
    note(folder, os.getpid())
    while True:
        signal.pause()


def have_children(folder: str, then: str) -> bytes:
    """One in its session, one in a session of its own, and one of a child's."""
    nested = (
        f"import subprocess, sys; print(subprocess.Popen({SLEEP!r}, start_new_session=True).pid, flush=True)"
    )
    nested += "; import signal; signal.pause()"
    bare = {} if then == "hang" else None  # nothing in it tells whose it is
    children = [subprocess.Popen(SLEEP, env={}), subprocess.Popen(SLEEP, env=bare, start_new_session=True)]
    parent = subprocess.Popen([sys.executable, "-c", nested], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    note(folder, *(one.pid for one in (*children, parent)), int(parent.stdout.readline()))
    while then in ("hang", "wait"):
        signal.pause()
    return b"answer" if then == "answer" else os._exit(3)


def note(folder: str, *pids: int) -> None:
    new = Path(folder) / f".pids-{os.getpid()}"
    new.write_text(" ".join(str(pid) for pid in pids))
    new.rename(new.with_name("pids"))


def noted(folder: Path) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(word) for word in (folder / "pids").read_text().split()]
    return []


def is_alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def are_gone(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


# What is said of them.


@pytest.mark.parametrize(
    "what", [b"", b"answer", bytes(range(256)) * 40_000], ids=["empty", "short", "10 MB"]
)
def test_an_answer_comes_back(what: bytes, tmp_path: Path) -> None:
    ended = run(tmp_path, answer, what)
    assert (ended.how, ended.said) == ("done", "")
    assert ended.answer == what
    assert 0 < ended.seconds < ROOMY.time_s


def test_it_has_a_session_and_no_input_and_its_output_is_a_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("there before\n")
    assert run(tmp_path, tell).answer == b"[True, True, True, True]"
    told = log_of(tmp_path).splitlines()
    assert told[0] == "there before"
    assert sorted(told[1:]) == ["also to the log", "by a child", "to the log"]


def test_a_function_may_be_named(tmp_path: Path) -> None:
    assert run(tmp_path, f"{__name__}:answer", b"yes").answer == b"yes"
    assert run(tmp_path, f"{__name__}:nobody").how == "crashed"
    assert "nobody" in log_of(tmp_path).splitlines()[-1]


@pytest.mark.parametrize("target", [hang, close_everything])
def test_it_hangs(target: Any, tmp_path: Path) -> None:
    ended = run(tmp_path, target, limits=Limits(1.5, 2000, 500))
    assert (ended.how, ended.answer) == ("hung", b"")
    assert ended.said == "it did not end within 1.5 s and was killed"
    assert ended.seconds >= 1.5
    assert are_gone(noted(tmp_path))


@pytest.mark.parametrize("in_child", [False, True], ids=["itself", "child"])
def test_it_eats_memory(in_child: bool, tmp_path: Path) -> None:
    ended = run(tmp_path, eat, in_child, limits=Limits(60.0, 400, 500))
    assert (ended.how, ended.said) == ("memory", "it held more than 400 MB of memory and was killed")


def test_it_fills_the_disk(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    ended = run(tmp_path, fill, limits=Limits(60.0, 2000, 5), folder=tmp_path / "files")
    assert (ended.how, ended.said) == ("disk", "it wrote more than 5 MB of files and was killed")


def test_it_writes_one_file_that_is_too_large(tmp_path: Path) -> None:
    ended = run(tmp_path, write_one, limits=Limits(60.0, 2000, 64))
    assert ended.how == "crashed"
    assert ended.said == "it ended with status 70: OSError: [Errno 27] File too large"
    assert (tmp_path / "big").stat().st_size <= 64 << 20


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_itself(code: int, tmp_path: Path) -> None:
    ended = run(tmp_path, leave, code)
    assert (ended.how, ended.answer, ended.said) == (
        "crashed",
        b"",
        f"it ended with status {code}: last words",
    )


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGTERM, signal.SIGINT])
def test_it_is_ended_by_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    ended = run(tmp_path, be_killed_by, number)
    assert ended.how == "crashed"
    assert ended.said == f"it ended with signal {number.name}"


@pytest.mark.parametrize("kind", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_it_raises(kind: type[BaseException], tmp_path: Path) -> None:
    ended = run(tmp_path, fail, kind)
    assert (ended.how, ended.said) == ("crashed", f"it ended with status 70: {kind.__name__}: of no use")
    assert "Traceback" in log_of(tmp_path)


def in_a_thread(tmp_path: Path, target: Any, *arguments: Any, **watched: Any) -> Any:
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(run, tmp_path, target, *arguments, **watched)
    finally:
        pool.shutdown(wait=False)


def test_somebody_kills_it(tmp_path: Path) -> None:
    future = in_a_thread(tmp_path, hang)
    os.kill(until(lambda: noted(tmp_path))[0], signal.SIGKILL)
    ended = future.result(WITHIN_S)
    assert (ended.how, ended.answer) == ("killed", b"")
    assert ended.said == "somebody killed it, or the kernel, short of memory, did"


def test_it_is_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    future = in_a_thread(tmp_path, hang, stop=stop)
    pids = until(lambda: noted(tmp_path))
    assert not future.done()
    stop.set()
    ended = future.result(WITHIN_S)
    assert (ended.how, ended.said) == ("stopped", "it was stopped with the campaign")
    assert are_gone(pids)
    assert run(tmp_path, hang, stop=stop).how == "stopped", "before it began"


@pytest.mark.parametrize("listens", [True, False])
def test_told_to_end_it_may_heal(listens: bool, tmp_path: Path) -> None:
    stop = threading.Event()
    future = in_a_thread(tmp_path, heal, listens, stop=stop, grace_s=WITHIN_S if listens else 0.3)
    pids = until(lambda: noted(tmp_path))
    stop.set()
    assert future.result(WITHIN_S).how == "stopped"
    assert (tmp_path / "healed").exists() == listens
    assert are_gone(pids)


def test_without_grace_it_is_not_asked(tmp_path: Path) -> None:
    stop = threading.Event()
    future = in_a_thread(tmp_path, heal, True, stop=stop)
    until(lambda: noted(tmp_path))
    stop.set()
    assert future.result(WITHIN_S).how == "stopped"
    assert not (tmp_path / "healed").exists()


@pytest.mark.parametrize(("then", "how"), [("answer", "done"), ("hang", "stopped"), ("leave", "crashed")])
def test_its_children_end_with_it(then: str, how: str, tmp_path: Path) -> None:
    stop = threading.Event()
    future = in_a_thread(tmp_path, have_children, then, stop=stop)
    pids = until(lambda: noted(tmp_path))
    if then == "hang":
        stop.set()
    assert future.result(WITHIN_S).how == how
    try:
        until(lambda: are_gone(pids))
    finally:
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def test_its_end_is_not_that_of_others(tmp_path: Path) -> None:
    stop = threading.Event()
    future = in_a_thread(tmp_path, have_children, "wait", stop=stop)
    pids = until(lambda: noted(tmp_path))
    (tmp_path / "other").mkdir()
    assert run(tmp_path / "other", leave, 3).how == "crashed"
    assert all(map(is_alive, pids))
    stop.set()
    assert future.result(WITHIN_S).how == "stopped"
    until(lambda: are_gone(pids))


def test_many_at_a_time_each_with_its_own_answer(tmp_path: Path) -> None:
    def one(number: int) -> Ended:
        folder = tmp_path / str(number)
        folder.mkdir()
        return run(folder, leave, number) if number % 3 == 0 else run(folder, answer, b"%d" % number)

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(one, range(9)))
    for number, ended in enumerate(ends):
        if number % 3 == 0:
            assert ended.said == f"it ended with status {number}: last words"
        else:
            assert (ended.how, ended.answer) == ("done", b"%d" % number)


PARENT = """
import sys, threading
from pathlib import Path
from harness.campaign.isolation import Watched, isolated
from harness.campaign.jobs import Limits
from tests.harness.campaign import test_isolation as here
if __name__ == "__main__":
    for name in ("a", "b"):
        folder = Path(sys.argv[1]) / name
        folder.mkdir()
        arguments = (here.hang, (str(folder),), Limits(600.0, 2000, 500), Watched(folder / "log"))
        threading.Thread(target=isolated, args=arguments).start()
"""


@contextlib.contextmanager
def parent_of(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, str(script), str(tmp_path)]
    process = subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_who_asked_for_it(number: signal.Signals, tmp_path: Path) -> None:
    with parent_of(tmp_path) as process:
        first, second = tmp_path / "a", tmp_path / "b"
        until(lambda: noted(first) and noted(second))
        mine = noted(first) + noted(second)
        family = [one.pid for one in psutil.Process(process.pid).children(recursive=True)]
        assert set(mine) <= set(family)
        assert {os.readlink(f"/proc/{pid}/fd/0") for pid in mine} == {os.devnull}
        assert len(family) > len(mine), "there is a server of forks"
        process.send_signal(number)
        process.wait(WITHIN_S)
        until(lambda: are_gone(family))


def test_nothing_outlives_the_server_of_forks(tmp_path: Path) -> None:
    with parent_of(tmp_path):
        (pid,) = until(lambda: noted(tmp_path / "a"))
        server = psutil.Process(pid).parent()
        assert server is not None
        server.kill()
        until(lambda: are_gone([pid]))


def test_what_is_gone_holds_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert held_mb(process.pid) == 0
    assert held_mb(os.getpid()) > 10
    assert size_mb(tmp_path / "nothing") == 0
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "file").write_bytes(bytes(range(256)) * 4096 * 3)
    (tmp_path / "deep" / "link").symlink_to(tmp_path / "deep" / "er" / "file")
    assert 3 <= size_mb(tmp_path) < 4
