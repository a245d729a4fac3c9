"""The sentence: a minimal counter-example in words.

For registers the common anomalies have wording of their own; each pattern checks every fact that its sentence
states, against the counter-example and, where it says "every", "no" or "once", against all operations of
the key. Whatever no pattern fits, and every other model, gets a sentence that names the operations.

Invariants: pure; a sentence is never empty and states nothing that was not checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checkers.history import History, Op, Outcome
from checkers.lincheck.model import State
from checkers.lincheck.models import canonical, words
from checkers.verdict import CounterExample, EvidenceOp

REGISTERS = frozenset({"register", "cas-register", "knossos register", "knossos cas-register"})
NAMED = 8  # operations named in one sentence; the counter-example has them all


def sentence(example: CounterExample, history: History) -> str:
    """Why these operations contradict each other; `history`: all operations of the key, failed ones too."""
    if example.model in REGISTERS:
        for pattern in (_never_written, _from_the_future, _stale, _double_cas, _disagreeing):
            found = pattern(example.ops, history)
            if found:
                return found
    return _any_model(example)


def _any_model(example: CounterExample) -> str:
    count = len(example.ops)
    if count == 1:
        return f"{_named(example.ops[0])} is illegal whatever the other operations did"
    return f"no order of these {count} operations is legal: {_list(example.ops)}"


def _list(ops: Sequence[EvidenceOp]) -> str:
    rest = f"; and {len(ops) - NAMED} more" if len(ops) > NAMED else ""
    return "; ".join(_named(op) for op in ops[:NAMED]) + rest


def _who(op: EvidenceOp | Op) -> str:
    return f"process {op.process}" + (f" ({op.node})" if op.node else "")


def _named(op: EvidenceOp) -> str:
    return f"{op.text} by {_who(op)}"


def _short(op: EvidenceOp) -> str:
    """The operation as a noun: "write of 7", "cas 4→7", "read of 4"."""
    if op.f == "cas":
        return f"cas {words(op.input[0])}→{words(op.input[1])}"
    return f"{op.f} of {words(op.input if op.f == 'write' else op.output)}"


def _before(one: EvidenceOp | Op, other: EvidenceOp | Op) -> bool:
    """`one` had returned when `other` was called."""
    return one.return_ns is not None and one.return_ns < other.call_ns


def _observed(op: EvidenceOp) -> tuple[State] | None:
    """The value that the register held when `op` took effect, as the answer shows; None if it shows none."""
    if op.outcome != "ok":
        return None
    if op.f == "read":
        return (canonical(op.output),)
    return (canonical(op.input[0]),) if op.f == "cas" and op.output is True else None


def _written(op: EvidenceOp | Op) -> tuple[State] | None:
    """The value that `op` writes, or would have written or may have; None if none."""
    if op.f == "write":
        return (canonical(op.input),)
    answered_no = op.f == "cas" and op.output is False and op.outcome in ("ok", Outcome.OK)
    return (canonical(op.input[1]),) if op.f == "cas" and not answered_no else None


def _leaves(op: EvidenceOp) -> tuple[State] | None:
    """The value that the register surely holds right after `op`."""
    if op.outcome != "ok":
        return None
    return _written(op) or _observed(op)


def _writers(value: tuple[State] | None, history: History, *, failed: bool = False) -> list[Op]:
    """The operations of the key that wrote or may have written `value` (or the failed ones)."""
    return [op for op in history if (op.outcome == Outcome.FAIL) is failed and _written(op) == value]


def _value(op: EvidenceOp) -> str:
    return words(op.output if op.f == "read" else op.input[0])


def _never_written(ops: Sequence[EvidenceOp], history: History) -> str | None:
    op = ops[0]
    value = _observed(op)
    if len(ops) != 1 or value is None or value == (None,) or _writers(value, history):
        return None
    if _writers(value, history, failed=True):
        return f"{_short(op)} by {_who(op)}, but every write of {_value(op)} failed: none can have happened"
    return f"{_short(op)} by {_who(op)}, but no operation ever wrote {_value(op)}"


def _from_the_future(ops: Sequence[EvidenceOp], history: History) -> str | None:
    op = ops[0]
    value = _observed(op)
    if len(ops) != 1 or value is None or value == (None,):
        return None
    writers = [w for w in _writers(value, history) if w.index != op.index]
    if not writers or not all(_before(op, w) for w in writers):
        return None
    one = f"the {_kind(writers[0])} of {_value(op)} by {_who(writers[0])}"
    which = one if len(writers) == 1 else f"any of the {len(writers)} writes of {_value(op)}"
    return f"{_short(op)} by {_who(op)} had returned before {which} began: a value from the future"


def _kind(op: Op) -> str:
    return "write" if op.f == "write" else "cas to"


def _stale(ops: Sequence[EvidenceOp], history: History) -> str | None:
    if len(ops) != 2:
        return None
    for op, between in (ops, ops[::-1]):
        value = _observed(op)
        if value is None or _leaves(between) in (None, value) or not _before(between, op):
            continue
        writers = [w for w in _writers(value, history) if w.index not in (op.index, between.index)]
        early = [w for w in writers if _before(w, between)]
        late = [w for w in writers if _before(op, w)]
        if len(early) + len(late) == len(writers):
            return _stale_text(op, between, bool(early), bool(late))
    return None


def _stale_text(op: EvidenceOp, between: EvidenceOp, early: bool, late: bool) -> str:
    first = f"{_short(op)} by {_who(op)} began after the {_short(between)} by {_who(between)} had returned"
    value = _value(op)
    if early and late:
        had = f"had either ended before that {between.f} began, or only began after this {op.f} had returned"
        return f"{first}, and every write of {value} {had}"
    if early:
        return f"{first}, and every write of {value} had ended before that {between.f} began"
    if late:
        return f"{first}, and every write of {value} began only after this {op.f} had returned"
    return f"{first}, and no other operation wrote {value}"


def _double_cas(ops: Sequence[EvidenceOp], history: History) -> str | None:
    swaps = [op for op in ops if op.f == "cas" and _observed(op) is not None]
    if len(swaps) != 2 or _observed(swaps[0]) != _observed(swaps[1]):
        return None
    one, other = swaps
    value = _observed(one)
    writers = _writers(value, history)
    if {w.index for w in writers} & {one.index, other.index}:
        return None
    both = f"{_named(one)} and {_named(other)} both took effect"
    if len(writers) == 1 and value != (None,):
        return f"{both}, but {words(one.input[0])} was written only once"
    if not writers and value == (None,):
        return f"{both}, but no operation wrote {words(one.input[0])} again after the first"
    return None


def _disagreeing(ops: Sequence[EvidenceOp], _: History) -> str | None:
    reads = [op for op in ops if op.f == "read"]
    if any(op.f not in ("read", "write") for op in ops) or len({_observed(op) for op in reads}) < 2:
        return None
    texts: list[Any] = [f"{_short(op)} by {_who(op)}" for op in reads[:NAMED]]
    more = f", and {len(reads) - NAMED} more" if len(reads) > NAMED else ""
    return f"no order of the writes agrees with these reads: {', '.join(texts)}{more}"
