"""Systems that harm whoever runs them: each does its worst when a run asks for its core, or when imported.

They are Raft otherwise. `splitbrain campaign` is pointed at this file as path:Class.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from systems.core import CoreFactory
from systems.raft.system import Raft


def run_folder() -> Path:
    """Where this run's output goes."""
    return Path(os.readlink("/proc/self/fd/1")).parent


class Hungry(Raft):
    """Eats memory."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        eaten = []
        while True:
            eaten.append(bytearray(os.urandom(1) * (16 << 20)))


class Endless(Raft):
    """Never ends, and does not listen to signals that ask it to."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)


class Filler(Raft):
    """Fills the disk, file after file."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        number = 0
        while True:
            number += 1
            (run_folder() / f"{number}.bin").write_bytes(os.urandom(1 << 20))


class Talker(Raft):
    """Writes without end to its standard output."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        while True:
            print("x" * 65536)


class Wiper(Raft):
    """Removes its own folder."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        shutil.rmtree(run_folder())
        return super().core(options)


class Forger(Raft):
    """Writes garbage where its result belongs, after everything else."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        from harness.campaign import worker

        worker.write_result = lambda folder, result: (folder / "result.json").write_text('{"night": 7')
        return super().core(options)


class Impostor(Raft):
    """Writes the result of another job."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        import msgspec

        from harness.campaign import run_folder as folders
        from harness.campaign import worker

        worker.write_result = lambda folder, result: folders.write_result(
            folder, msgspec.structs.replace(result, job="somebody/else#1", outcome="valid")
        )
        return super().core(options)


class Linker(Raft):
    """Puts a link where its result belongs."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        from harness.campaign import worker

        worker.write_result = lambda folder, result: (folder / "result.json").symlink_to("/etc/hostname")
        return super().core(options)


class Blocker(Raft):
    """Makes a folder where its result belongs."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        from harness.campaign import worker

        worker.write_result = lambda folder, result: (folder / "result.json").mkdir()
        return super().core(options)


class Quitter(Raft):
    """Ends the process as if all were well."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        os._exit(0)


class Suicide(Raft):
    """Is killed by a signal, as by a fault in a library."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        os.kill(os.getpid(), signal.SIGSEGV)
        return super().core(options)


class Raiser(Raft):
    """Raises what is no ordinary error."""

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        raise KeyboardInterrupt
