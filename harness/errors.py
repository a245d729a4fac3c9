"""Whose fault it is: yours (ConfigError), the machine's (EnvironmentFault), ours (HarnessBug).

Invariants: every message says what is wrong, where, and how to mend it; exit codes are those of
docs/architecture.md.
"""

from __future__ import annotations

EXIT_VALID = 0
EXIT_ANOMALY = 1
EXIT_INCONCLUSIVE = 2
EXIT_FAILED = 3
EXIT_USAGE = 4
EXIT_NOTHING = 5
EXIT_PREREQUISITE = 6
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class SplitbrainError(Exception):
    """An error with an exit code, shown as one message without a traceback."""

    exit_code = EXIT_FAILED

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.problem}\n  fix: {self.fix}" if self.fix else self.problem


class ConfigError(SplitbrainError):
    """What was asked cannot be: a name, flag, file or value is wrong."""

    exit_code = EXIT_USAGE


class EnvironmentFault(SplitbrainError):
    """The machine, the disk, the network or the system under test did not do its part."""

    exit_code = EXIT_FAILED


class MissingPrerequisite(EnvironmentFault):
    """Something that must be installed or allowed on this machine is not."""

    exit_code = EXIT_PREREQUISITE


class HarnessBug(SplitbrainError):
    """This program broke one of its own rules."""

    exit_code = EXIT_FAILED
