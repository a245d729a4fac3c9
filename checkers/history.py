"""What was seen in one run: operations and disturbances on one clock.

Invariants: immutable; columns are numpy arrays of equal length, sorted by call time; a row is a view made on
demand. Times are ns of one monotonic clock. [call_ns, return_ns] is a closed interval, so equal times are
concurrent. An operation whose outcome is INFO stays open: its `return_ns` is OPEN_NS whenever it was given
up. Keys and values are JSON values; two are one and the same only if `identity` says so (true is not 1, 1 is
not 1.0).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checkers.identity import identity

OPEN_NS = 2**63 - 1
NEVER_NS = -1  # stands for None in the column `given_up_ns`


class Outcome(enum.IntEnum):
    """OK: happened, with this output. FAIL: did not happen and never will. INFO: may have happened, or may
    yet.
    """

    OK = 0
    FAIL = 1
    INFO = 2


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. `given_up_ns` is when the client stopped waiting (= return_ns unless INFO; None: never
    recorded).
    """

    index: int
    process: int
    f: str
    key: Any
    input: Any
    output: Any
    outcome: Outcome
    call_ns: int
    return_ns: int
    given_up_ns: int | None = None
    node: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One fault as it was applied. `status` is "installed", "skipped", "indeterminate", or None when it never
    began.
    """

    id: int
    kind: str
    targets: tuple[str, ...]
    what: str
    requested_ns: int
    begun_ns: int | None = None
    ended_ns: int | None = None
    status: str | None = None
    evidence: tuple[str, ...] = ()


def _interned(values: Sequence[Any]) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """Codes in order of first appearance, and the table they point into."""
    codes: dict[Any, int] = {}
    table: list[Any] = []
    column = np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        stand_in = identity(value)
        code = codes.get(stand_in)
        if code is None:
            code = codes[stand_in] = len(table)
            table.append(value)
        column[i] = code
    return column, tuple(table)


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """A column of objects; numpy must not look into lists."""
    column = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        column[i] = value
    return column


def _fault_in(op: Op) -> str | None:
    """What is wrong with the times of `op`, None if nothing."""
    if not 0 <= op.call_ns < OPEN_NS:
        return f"is called at {op.call_ns}, outside of [0, {OPEN_NS})"
    if op.outcome == Outcome.INFO:
        if op.return_ns != OPEN_NS:
            return "has the outcome INFO but returns; its return_ns must be OPEN_NS"
        if op.given_up_ns is not None and not op.call_ns <= op.given_up_ns < OPEN_NS:
            return f"was given up at {op.given_up_ns}, which is not between its call and the end of time"
        return None
    if not op.call_ns <= op.return_ns < OPEN_NS:
        return f"returns at {op.return_ns}, which is not between its call and the end of time"
    if op.given_up_ns not in (None, op.return_ns):
        return "has a given_up_ns other than its return_ns although it returned"
    return None


class History:
    """All operations of a run, in order of call; build it with `History.of`.

    Integer columns (shape (n,), int64): `index` (row in the whole history), `process`, `call_ns`,
    `return_ns`, `given_up_ns` (NEVER_NS for None), `outcome`, `f` (codes into the table `f_names`), `key`
    (codes into the table `keys`).
    """

    __slots__ = (
        "call_ns", "disturbances", "errors", "f", "f_names", "given_up_ns", "index", "inputs", "key", "keys",
        "meta", "nodes", "outcome", "outputs", "process", "return_ns",
    )  # fmt: skip
    __hash__ = None  # type: ignore[assignment]

    index: NDArray[np.int64]
    process: NDArray[np.int64]
    f: NDArray[np.int64]
    f_names: tuple[str, ...]
    key: NDArray[np.int64]
    keys: tuple[Any, ...]
    inputs: NDArray[np.object_]
    outputs: NDArray[np.object_]
    outcome: NDArray[np.int64]
    call_ns: NDArray[np.int64]
    return_ns: NDArray[np.int64]
    given_up_ns: NDArray[np.int64]
    nodes: NDArray[np.object_]
    errors: NDArray[np.object_]
    disturbances: tuple[Disturbance, ...]
    meta: Mapping[str, Any]

    _NUMBERS = ("index", "process", "outcome", "call_ns", "return_ns", "given_up_ns")
    _ROWS = (*_NUMBERS, "f", "key", "inputs", "outputs", "nodes", "errors")

    @classmethod
    def of(
        cls,
        ops: Iterable[Op],
        disturbances: Iterable[Disturbance] = (),
        meta: Mapping[str, Any] | None = None,
    ) -> History:
        """The history of `ops` in any order: sorted by call time (stable) and numbered anew; disturbances by
        request.

        Raises ValueError for an operation whose times contradict each other and for a disturbance id used
        twice.
        """
        rows = sorted(ops, key=lambda op: op.call_ns)
        for op in rows:
            fault = _fault_in(op)
            if fault:
                raise ValueError(f"operation {op.f} of process {op.process} (index {op.index}) {fault}")
        faults = tuple(sorted(disturbances, key=lambda d: (d.requested_ns, d.id)))
        if len({d.id for d in faults}) < len(faults):
            raise ValueError(f"disturbance ids must differ: {[d.id for d in faults]}")
        self = cls.__new__(cls)
        self.index = np.arange(len(rows), dtype=np.int64)
        self.process = np.array([op.process for op in rows], dtype=np.int64)
        self.f, self.f_names = _interned([op.f for op in rows])
        self.key, self.keys = _interned([op.key for op in rows])
        self.inputs = _objects([op.input for op in rows])
        self.outputs = _objects([op.output for op in rows])
        self.outcome = np.array([int(op.outcome) for op in rows], dtype=np.int64)
        self.call_ns = np.array([op.call_ns for op in rows], dtype=np.int64)
        self.return_ns = np.array([op.return_ns for op in rows], dtype=np.int64)
        ended = [op.given_up_ns if op.outcome == Outcome.INFO else op.return_ns for op in rows]
        self.given_up_ns = np.array([NEVER_NS if t is None else t for t in ended], dtype=np.int64)
        self.nodes = _objects([op.node for op in rows])
        self.errors = _objects([op.error for op in rows])
        self.disturbances = faults
        self.meta = dict(meta or {})
        self._freeze()
        return self

    def _freeze(self) -> None:
        for name in self._ROWS:
            getattr(self, name).setflags(write=False)

    def _take(self, rows: NDArray[Any]) -> History:
        """The rows chosen by a mask or by rising row numbers; tables, disturbances and meta are shared."""
        part = type(self).__new__(type(self))
        for name in self._ROWS:
            setattr(part, name, getattr(self, name)[rows])
        part.f_names, part.keys = self.f_names, self.keys
        part.disturbances, part.meta = self.disturbances, self.meta
        part._freeze()
        return part

    def where(self, mask: NDArray[np.bool_]) -> History:
        """The operations where `mask` (bool, shape (n,)) is true; each keeps its index in the whole
        history.
        """
        if mask.shape != self.index.shape or mask.dtype != np.bool_:
            raise ValueError(
                f"a mask of {len(self)} booleans is needed, not {mask.dtype} of shape {mask.shape}"
            )
        return self._take(mask)

    def split_by_key(self) -> dict[Any, History]:
        """Each key's operations, keys in order of first appearance; each operation keeps its index in the
        whole history.

        The dictionary's keys are the `identity` of the history's keys: a string stands for itself, but true
        and 1 stay two.
        """
        order = np.argsort(self.key, kind="stable")
        codes, starts = np.unique(self.key[order], return_index=True)
        parts = np.split(order, starts[1:]) if len(order) else []
        by_code = sorted(zip(codes.tolist(), parts, strict=True), key=lambda pair: int(pair[1][0]))
        return {identity(self.keys[code]): self._take(rows) for code, rows in by_code}

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, i: int) -> Op:
        given_up = int(self.given_up_ns[i])
        return Op(
            index=int(self.index[i]),
            process=int(self.process[i]),
            f=self.f_names[self.f[i]],
            key=self.keys[self.key[i]],
            input=self.inputs[i],
            output=self.outputs[i],
            outcome=Outcome(int(self.outcome[i])),
            call_ns=int(self.call_ns[i]),
            return_ns=int(self.return_ns[i]),
            given_up_ns=None if given_up == NEVER_NS else given_up,
            node=self.nodes[i],
            error=self.errors[i],
        )

    def __iter__(self) -> Iterator[Op]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History) or len(self) != len(other):
            return False
        return self._columns() == other._columns()

    def _columns(self) -> tuple[Any, ...]:
        """Everything that two equal histories share."""
        numbers = [getattr(self, name).tolist() for name in self._NUMBERS]
        names = [self.f_names[code] for code in self.f]
        keys = [identity(self.keys[code]) for code in self.key]
        values = [
            [identity(v) for v in column] for column in (self.inputs, self.outputs, self.nodes, self.errors)
        ]
        return numbers, names, keys, values, self.disturbances, identity(self.meta)

    def __repr__(self) -> str:
        return (
            f"History({len(self)} operations, {len(self.keys)} keys, {len(self.disturbances)} disturbances)"
        )
