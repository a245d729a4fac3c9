"""The clients' process: `python -m harness.run.clients`, driven over stdin and stdout (see
`harness.run.job`).

Clients live in a process of their own, with no checking or drawing in it, because a busy thread would delay
their time stamps. Invariants: call time is stamped, and the invocation journalled, before the client is
asked; return time after it answered; a client whose operation ended INFO is closed and replaced by one with a
new process number; nothing is retried here.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import msgspec

from checkers.events import Complete, Invoke
from harness.errors import ConfigError, EnvironmentFault
from harness.plugins import checked_client, load_system, wrong_answer
from harness.run.dispatch import Act, Dispatch, Done, OutcomeWord, Wait
from harness.run.finals import ATTEMPTS, SETTLE_S, Finals, finals_of
from harness.run.job import Finished, FromClients, Go, Job, Ready, Status, StopAt, ToClients, Trouble
from harness.run.journal import Journal
from harness.seeds import Seeds
from harness.workload import WORKLOADS, Generator
from systems.api import ClientContext, Definite, Indefinite, Invocation, System

STATUS_EVERY_S = 0.2
REOPEN_AFTER_S = 0.1
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(ToClients)


def say(message: FromClients) -> None:
    """One line to the conductor."""
    sys.stdout.buffer.write(_ENCODER.encode(message) + b"\n")
    sys.stdout.buffer.flush()


class Counts:
    """What has happened so far."""

    def __init__(self) -> None:
        self.of = {"ok": 0, "fail": 0, "info": 0}
        self.first_ok_ns: int | None = None
        self.last_ok_call_ns: int | None = None
        self.error: str | None = None

    def status(self) -> Status:
        """The counts as a message."""
        return Status(
            self.of["ok"],
            self.of["fail"],
            self.of["info"],
            self.first_ok_ns,
            self.last_ok_call_ns,
            self.error,
        )


class Clients:
    """All clients of a run, one task per slot."""

    def __init__(self, job: Job, system: System, journal: Journal, start_ns: int) -> None:
        seeds = Seeds(job.seed)
        generator = Generator(
            WORKLOADS[job.workload], seeds.stream("operations"), keys=job.keys, ops_per_key=job.ops_per_key
        )
        rngs = [seeds.stream(f"client-{slot}") for slot in range(job.clients)]
        self.job = job
        self.quiet_ns: int | None = None
        self._generator = generator
        self.counts = Counts()
        self.dispatch = Dispatch(generator, rngs, rate=job.rate, start_ns=start_ns)
        self._system = system
        self._journal = journal
        self._nodes = tuple(job.addresses)

    def context(self, slot: int) -> ClientContext:
        """The context of the process that acts for `slot` now."""
        home = self._nodes[slot % len(self._nodes)]
        process = self.dispatch.process_of(slot)
        return ClientContext(process, home, self.job.addresses, self.job.options, self.job.op_timeout_s)

    async def run(self) -> None:
        """Until every slot is done."""
        async with asyncio.TaskGroup() as group:
            for slot in range(self.job.clients):
                group.create_task(self._slot(slot))
        if self.job.final_reads:
            await asyncio.sleep(SETTLE_S)
            self.quiet_ns = time.monotonic_ns()
            keys, first = self._generator.born, self.dispatch.unused_process
            async with asyncio.TaskGroup() as group:
                for finals in finals_of(keys, self._nodes, first):
                    group.create_task(self._read(finals))

    async def _read(self, finals: Finals) -> None:
        """All of a node's final reads, each with a few attempts."""
        timeout_s = self.job.op_timeout_s
        ctx = ClientContext(finals.process, finals.node, self.job.addresses, self.job.options, timeout_s)
        client = await self._open(ctx)
        if client is None:
            return
        process = finals.process
        try:
            for op in finals.reads:
                for _ in range(ATTEMPTS):
                    outcome = await self._perform(client, process, op, finals.node)
                    if outcome == "info":
                        return  # a process whose operation may still happen does not act again
                    if outcome == "ok":
                        break
        finally:
            await _close(client)

    async def _slot(self, slot: int) -> None:
        client: Any = None
        home = self.context(slot).home
        try:
            while True:
                decision = self.dispatch.next(slot, time.monotonic_ns())
                match decision:
                    case Done():
                        return
                    case Wait(until_ns):
                        # Short naps, so that a stop that is announced meanwhile is heeded.
                        await asyncio.sleep(min(0.05, max(0.0, (until_ns - time.monotonic_ns()) / 1e9)))
                    case Act(process, op):
                        if client is None:
                            client = await self._open(self.context(slot))
                        if client is None:
                            await asyncio.sleep(REOPEN_AFTER_S)
                            continue
                        outcome = await self._perform(client, process, op, home)
                        self.dispatch.complete(slot, outcome, time.monotonic_ns())
                        await asyncio.sleep(0)  # one that answers without waiting must not starve others
                        if outcome == "info":
                            await _close(client)
                            client = None
        finally:
            if client is not None:
                await _close(client)

    async def _open(self, ctx: ClientContext) -> Any:
        client = checked_client(self._system, ctx)
        try:
            async with asyncio.timeout(self.job.op_timeout_s):
                await client.open()
        except Exception as error:
            self.counts.error = f"open: {_text(error)}"
            await _close(client)
            return None
        return client

    async def _perform(self, client: Any, process: int, op: Invocation, home: str) -> OutcomeWord:
        value: Any = None
        error: str | None = None
        outcome: OutcomeWord
        call_ns = time.monotonic_ns()
        self._journal.write(Invoke(process, call_ns, op.f, op.key, op.value, home))
        try:
            async with asyncio.timeout(self.job.op_timeout_s):
                value = await client.invoke(op)
            outcome = "ok"
        except Definite as problem:
            outcome, error = "fail", _text(problem)
        except TimeoutError:
            outcome, error = "info", f"no answer within {self.job.op_timeout_s:g} s"
        except Indefinite as problem:
            outcome, error = "info", _text(problem)
        except Exception as problem:
            outcome, error = "info", f"{type(problem).__name__}: {_text(problem)}"
        now = time.monotonic_ns()
        if outcome == "ok":
            self._note_ok(client, op, value, call_ns, now)
        else:
            self.counts.error = error
        served_by = getattr(client, "served_by", None)
        self._journal.write(Complete(process, now, outcome, value, error, served_by))
        self.counts.of[outcome] += 1
        return outcome

    def _note_ok(self, client: Any, op: Invocation, value: Any, call_ns: int, now_ns: int) -> None:
        wrong = wrong_answer(client, op, value)
        if wrong is not None:
            raise ConfigError(wrong, fix="mend the client's invoke method")
        counts = self.counts
        if counts.first_ok_ns is None:
            counts.first_ok_ns = now_ns
        if counts.last_ok_call_ns is None or call_ns > counts.last_ok_call_ns:
            counts.last_ok_call_ns = call_ns


async def _close(client: Any) -> None:
    try:
        async with asyncio.timeout(1.0):
            await client.close()
    except Exception as error:
        print(f"close: {type(error).__name__}: {error}", file=sys.stderr)


def _text(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def _listen(reader: asyncio.StreamReader, clients: Clients) -> None:
    while line := await reader.readline():
        message = _DECODER.decode(line)
        if isinstance(message, StopAt):
            clients.dispatch.stop_at(message.time_ns)
    raise EOFError("the conductor is gone")


async def _report(clients: Clients) -> None:
    while True:
        await asyncio.sleep(STATUS_EVERY_S)
        say(clients.counts.status())


async def _serve() -> None:
    reader = await _stdin()
    job = _DECODER.decode(await reader.readline())
    assert isinstance(job, Job)
    system = load_system(job.system)
    journal = Journal(Path(job.journal))
    checked_client(system, Clients(job, system, journal, 0).context(0))
    say(Ready())
    go = _DECODER.decode(await reader.readline() or b"null")
    assert isinstance(go, Go)
    clients = Clients(job, system, journal, go.start_ns)
    helpers = [asyncio.create_task(_listen(reader, clients)), asyncio.create_task(_report(clients))]
    work = asyncio.create_task(clients.run())
    done, _ = await asyncio.wait([work, *helpers], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    for task in helpers:
        task.cancel()
    journal.close()
    say(Finished(clients.counts.status(), clients.quiet_ns))


def _trouble(error: BaseException) -> Trouble:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ConfigError):
        return Trouble("config", error.problem, error.fix)
    if isinstance(error, EnvironmentFault):
        return Trouble("environment", error.problem, error.fix)
    traceback.print_exception(error)
    return Trouble(
        "harness",
        f"the clients' process: {type(error).__name__}: {error}",
        "see clients.log in the run folder",
    )


def main() -> int:
    """Entry point of the process."""
    try:
        asyncio.run(_serve())
    except (EOFError, KeyboardInterrupt):
        return 1
    except BaseException as error:
        say(_trouble(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
