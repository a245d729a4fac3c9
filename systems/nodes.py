"""The node program: one process, one node of one system.

    python -m systems raft --name n1 --members n1=10.0.0.1,n2=10.0.0.2 --port 7000 --data DIR --log FILE
    --seed 1

Invariants: it reaches nothing of the harness, the checkers, the nemeses or the reports; whatever stops it
is said in one line on standard error. Exit codes: 0 told to stop (SIGTERM, SIGINT) · 1 the core raised
(the traceback is in the log) · 3 the machine did not do its part (port taken, directory not writable, log
damaged, disk failed) · 4 wrong arguments.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from systems import registry
from systems.arguments import Arguments, parse
from systems.core import CoreConfig
from systems.shells.eventlog import EventLog
from systems.shells.node import CoreFailed, NodeShell, StorageFailed
from systems.shells.wal import CorruptLog, LogInUse, WriteAheadLog, sync_directory

EXIT_CORE = 1
EXIT_MACHINE = 3

# A thread that comes back from the disk waits this long for the interpreter at most; 5 ms, the default,
# is ten fsyncs.
_SWITCH_INTERVAL_S = 0.0005
_CALLS_END_S = 0.5


class MachineFault(Exception):
    """The machine did not do its part; one line says what."""


def main(argv: Sequence[str]) -> int:
    """Run the node; its exit code."""
    arguments = parse(argv)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    # gRPC's own chatter on standard error would bury the one line that tells what is wrong.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        _check_port(arguments)
        log = _open_log(arguments)
        try:
            return _run(arguments, log)
        finally:
            log.close()
    except (MachineFault, CorruptLog, LogInUse, StorageFailed) as error:
        return _stop(arguments, error, EXIT_MACHINE)
    except CoreFailed as error:
        return _stop(arguments, f"the core raised {error.__cause__!r} {error}", EXIT_CORE)


def _stop(arguments: Arguments, error: object, code: int) -> int:
    print(f"{arguments.system} node {arguments.name}: {error}", file=sys.stderr)
    return code


def _run(arguments: Arguments, log: EventLog) -> int:
    """Restore what was persisted and serve."""
    factory = registry.core_of(arguments.system, arguments.options)
    try:
        boot = next_boot(arguments.data)
        wal = WriteAheadLog(arguments.data / "wal", factory.record_type)
    except OSError as error:
        raise MachineFault(
            f"cannot use the data directory {arguments.data}: {error.strerror or error}"
        ) from error
    try:
        if wal.dropped_bytes:
            log.write("torn", {"file": str(wal.path), "dropped_bytes": wal.dropped_bytes})
        log.write("start", {"records": len(wal.records), "boot": boot, "pid": os.getpid()})
        asyncio.run(_serve(arguments, factory, wal=wal, log=log, boot=boot))
    except CoreFailed as error:
        log.write("crash", {"error": str(error), "traceback": "".join(traceback.format_exception(error))})
        raise
    except StorageFailed as error:
        log.write("disk_failed", {"error": str(error)})
        raise
    except OSError as error:
        raise MachineFault(f"cannot go on: {error}") from error
    finally:
        wal.close()
    log.write("stop", {})
    return 0


async def _serve(arguments: Arguments, factory: Any, *, wal: WriteAheadLog, log: EventLog, boot: int) -> None:
    """Run until SIGTERM or SIGINT. Raises CoreFailed, StorageFailed, MachineFault."""
    # gRPC is slow to import, and wrong arguments should not wait for it.
    from systems.shells import surface, transport

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = CoreConfig(arguments.name, tuple(arguments.members), arguments.options)
    links = transport.Links(arguments.name, {peer: arguments.target(peer) for peer in config.peers})
    # An incarnation's draws differ from the one before, or a node that crashes over a timeout would do so
    # for ever.
    rng = random.Random(f"{arguments.seed}/{boot}")
    shell = NodeShell(factory, config, wal=wal, log=log, rng=rng, send=links.send)
    try:
        server = transport.make_server(
            arguments.target(arguments.name),
            message_type=factory.message_type,
            surface=surface.surface_of(arguments.system, factory.command_type),
            receive=shell.receive,
            invoke=shell.request,
            service=registry.service_of(arguments.system, arguments.options),
        )
    except RuntimeError as error:
        raise MachineFault(_taken(arguments)) from error
    await server.start()
    log.write("ready", {"address": arguments.members[arguments.name], "port": arguments.port})
    running = [asyncio.ensure_future(job) for job in (shell.run(), links.run(), stop.wait())]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for job in running:
            if job.done():
                job.result()
    finally:
        for job in running:
            job.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.stop(None)
        # gRPC prints a traceback for each call whose task the end of the event loop has to cancel.
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        if calls:
            await asyncio.wait(calls, timeout=_CALLS_END_S)


def next_boot(data: Path) -> int:
    """Count this start in `data`, durably: 1 for the first. Raises OSError, MachineFault for an
    unreadable count.
    """
    data.mkdir(parents=True, exist_ok=True)
    file = data / "boot"
    text = file.read_text() if file.exists() else "0"
    if not text.isdecimal():
        raise MachineFault(
            f"{file} should hold the number of starts but reads {text[:40]!r}; remove the data directory"
        )
    boot = int(text) + 1
    fresh = data / "boot.new"
    with fresh.open("w") as stream:
        stream.write(str(boot))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    sync_directory(data)
    return boot


def _open_log(arguments: Arguments) -> EventLog:
    try:
        arguments.log.parent.mkdir(parents=True, exist_ok=True)
        return EventLog(arguments.log, arguments.name)
    except OSError as error:
        raise MachineFault(f"cannot write the log {arguments.log}: {error.strerror or error}") from error


def _check_port(arguments: Arguments) -> None:
    """Bind the port once, because the system says why that fails and gRPC does not."""
    address = arguments.members[arguments.name]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, arguments.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise MachineFault(_taken(arguments)) from error
            raise MachineFault(
                f"cannot listen on {address} port {arguments.port}: {error.strerror}"
            ) from error


def _taken(arguments: Arguments) -> str:
    return (
        f"port {arguments.port} on {arguments.members[arguments.name]} is taken by another process; "
        "stop that one or choose another --port"
    )
