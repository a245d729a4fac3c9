"""`analysis`: a verdict in Knossos' words.

Where a history is illegal, `op` is the first end of an operation that cannot be: everything up to the event
before it is linearizable, with the operations that are still open done or not. It is found by Knossos' own
search while that is affordable, else by bisection with `check`, which gives the same operation but one
configuration only.

Invariants: valid is True, False or "unknown", as `check` says; an analysis has no truth value of its own,
since "unknown" would pass for true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from checkers.history import History
from checkers.identity import identity
from checkers.lincheck.check import check
from checkers.lincheck.knossos import forensics
from checkers.lincheck.knossos.bisection import bisected, config_of
from checkers.lincheck.knossos.events import OpMap, Recorded, of_history, of_maps
from checkers.lincheck.limits import Algorithm, Limits
from checkers.lincheck.model import Model
from checkers.verdict import Invalid, Valid, Verdict

BUDGET = 200_000  # steps of Knossos' own search

_ALGORITHMS: dict[str, Algorithm] = {"competition": "auto", "linear": "bfs", "wgl": "dfs"}


@dataclass(frozen=True, eq=False, slots=True)
class Analysis(Mapping[str, Any]):
    """The verdict: as attributes, and as a mapping by Knossos' names (a["valid?"], a["final-paths"]), which
    has those that apply.

    op: the first end of an operation that cannot be linearized. previous_ok: the end before it. last_op: the
    operation that was linearized last, of the configuration that came least far. configs: up to ten
    configurations before op, as maps of model, last-op, pending. final_paths: up to ten lists of {"op",
    "model"}, each ending in an `Inconsistent`. analyzer: which algorithm decided. cause: why it is unknown.
    key: the object that it is about. verdict: what `check` said, with its own explanation. notes: what was
    left out.
    """

    valid: bool | Literal["unknown"]
    op: OpMap | None = None
    previous_ok: OpMap | None = None
    last_op: OpMap | None = None
    configs: tuple[dict[str, Any], ...] = ()
    final_paths: tuple[list[dict[str, Any]], ...] = ()
    analyzer: str = ""
    cause: str | None = None
    key: Any = None
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()

    def _named(self) -> dict[str, Any]:
        full = {
            "valid?": self.valid, "op": self.op, "previous-ok": self.previous_ok, "last-op": self.last_op,
            "configs": self.configs, "final-paths": self.final_paths, "analyzer": self.analyzer,
            "cause": self.cause,
        }  # fmt: skip
        return {name: value for name, value in full.items() if value is not None and value != ()}

    def __getitem__(self, name: str) -> Any:
        return self._named()[name.lstrip(":")]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named())

    def __len__(self) -> int:
        return len(self._named())

    def __bool__(self) -> NoReturn:
        raise TypeError(
            'an analysis is neither true nor false: ask `.valid`, which is True, False or "unknown"'
        )


def analysis(
    model: Model,
    history: History | Iterable[Mapping[str, Any]],
    *,
    algorithm: Literal["competition", "linear", "wgl"] = "competition",
    time_limit: float | None = None,
) -> Analysis:
    """Whether `history`, a `History` or a list of operation maps in their order, is linearizable.

    algorithm: "linear" is the breadth-first search, "wgl" the depth-first one, "competition" what `check`
    chooses. time_limit: seconds until the answer is "unknown". Raises HistoryError for maps that are no
    history, ModelError for operations that the model does not know.
    """
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"algorithm is one of {', '.join(_ALGORITHMS)}, not {algorithm!r}")
    if isinstance(history, History):
        recorded, whole = None, history
    else:
        recorded = of_maps(history)
        whole = recorded.history
    limits = Limits(time_s=time_limit)
    verdict = check(whole, model, algorithm=_ALGORITHMS[algorithm], limits=limits)
    analyzer = verdict.algorithm or algorithm
    if isinstance(verdict, Valid):
        return _valid(model, recorded, whole, verdict, analyzer)
    if not isinstance(verdict, Invalid):
        return Analysis(
            "unknown", analyzer=analyzer, cause=verdict.reason, verdict=verdict, notes=verdict.notes
        )
    parts = whole.split_by_key()
    key = min((identity(k) for k in verdict.bad_keys), key=lambda k: len(parts[k]))
    one = recorded or of_history(parts[key])
    return _invalid(model, one, verdict, analyzer, limits)


def _valid(
    model: Model, recorded: Recorded | None, whole: History, verdict: Valid, analyzer: str
) -> Analysis:
    """The configuration at the end, one for each of the first keys."""
    parts = whole.split_by_key()
    configs = []
    for key, order in verdict.witness[: forensics.SHOWN]:
        one = recorded or of_history(parts[identity(key)])
        rows = {op.index: row for row, op in enumerate(one.ops)}
        config = config_of(model, one, [rows[index] for index in order], frozenset(range(len(one.ops))))
        configs.append(forensics.shown(model, one, config))
    return Analysis(True, configs=tuple(configs), analyzer=analyzer, verdict=verdict, notes=verdict.notes)


def _invalid(model: Model, recorded: Recorded, verdict: Invalid, analyzer: str, limits: Limits) -> Analysis:
    notes = verdict.notes
    stop = forensics.replay(model, recorded, BUDGET)
    if stop is None:
        stop, more = bisected(model, recorded, limits)
        notes = (*notes, *more)
    ends = [event for _, invoked, event in recorded.events[: stop.event] if not invoked]
    lasts = [config.last for config in stop.configs if config.last >= 0]
    return Analysis(
        False,
        op=recorded.events[stop.event][2],
        previous_ok=ends[-1] if ends else None,
        last_op=recorded.events[min(lasts)][2] if lasts else None,
        configs=tuple(forensics.shown(model, recorded, c) for c in stop.configs[: forensics.SHOWN]),
        final_paths=tuple(forensics.final_paths(model, recorded, stop)),
        analyzer=analyzer,
        key=recorded.ops[0].key,
        verdict=verdict,
        notes=notes,
    )
