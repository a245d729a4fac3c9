"""Where the files of a cluster's nodes stand in the run folder, and what a system wants to be there.

`nodes/NAME/data` (the node's data, kept over kill and restart), `nodes/NAME/stdout.log` and `stderr.log`,
whatever the node logs into `nodes/NAME`, and `clients.log`.

Invariants: a node begins without data; what a system says of its nodes is checked before it is believed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.deploy.specs import node_spec, path_in
from harness.errors import ConfigError, EnvironmentFault
from nemeses.faults import CLIENTS
from systems.api import NodeContext, NodeSpec, System

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


class Layout:
    """The files of one run's nodes. seeds: node -> its stream's number; python: for node programs."""

    def __init__(
        self,
        system: System,
        options: Mapping[str, str],
        run_dir: Path,
        seeds: Mapping[str, int],
        python: str,
    ) -> None:
        self.run_dir = run_dir
        self._system = system
        self._options = options
        self._seeds = seeds
        self._python = python

    def folder(self, name: str) -> Path:
        """All files of a node."""
        return self.run_dir / "nodes" / name

    def logs(self, name: str, spec: NodeSpec, there: str | None = None) -> list[Path]:
        """The files of its spec, then its standard output and error. They may not exist yet. there: the
        node's folder on its own host, where that is another than this machine."""
        folder = self.folder(name)
        theirs = [Path(path) for path in spec.log_files]
        if there is not None:
            theirs = [p.relative_to(there) if p.is_relative_to(there) else p for p in theirs]
        return [*(folder / path for path in theirs), folder / "stdout.log", folder / "stderr.log"]

    def prepare(
        self, name: str, addresses: Mapping[str, str], *, there: str | None = None, python: str | None = None
    ) -> NodeSpec:
        """Make the node's folders and files. Raises ConfigError for what the system says of it, and
        EnvironmentFault if there is data already. there, python: of the node's own host, whose files are
        made by others.
        """
        data = self.folder(name) / "data"
        try:
            data.mkdir(parents=True)
        except FileExistsError:
            raise EnvironmentFault(
                f"{data} exists: a node begins without data", fix="give every run a folder of its own"
            ) from None
        context = NodeContext(
            name=name,
            addresses=addresses,
            data_dir=f"{there}/data" if there else str(data),
            log_dir=there or str(self.folder(name)),
            options=self._options,
            seed=self._seeds[name],
            python=python or self._python,
        )
        spec = node_spec(self._system, context)
        if there:
            return spec
        for path, content in spec.files.items():
            path_in(data, path).parent.mkdir(parents=True, exist_ok=True)
            path_in(data, path).write_text(content)
        return spec


def check_names(nodes: Sequence[str], most: int) -> None:
    """Raises ConfigError for names that cannot be those of at most so many nodes."""
    wrong = [name for name in nodes if not _NAME.fullmatch(name) or name == CLIENTS]
    if wrong or len(set(nodes)) != len(nodes):
        raise ConfigError(
            f"node names {', '.join(map(repr, nodes))}: unusable here: {', '.join(wrong) or 'doubles'}",
            fix="use up to 32 letters, digits, - and _, each name once, and not 'clients'",
        )
    if not 1 <= len(nodes) <= most:
        raise ConfigError(f"{len(nodes)} nodes on one machine", fix=f"give 1 to {most}")
