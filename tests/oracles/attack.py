"""Mid-size histories on the border of legality, judged by the checker and by `exact`.

    from checkers.lincheck import check
    from tests.oracles.attack import disagreements
    problems = disagreements(check, range(2_000))          # [] if all is well

or with arguments, from the root of the repository:

    python -c "from functools import partial; from checkers.lincheck import check; \\
      from tests.oracles.attack import disagreements; \\
      print(*disagreements(partial(check, algorithm='bfs', explain=False), range(2000)), sep='\\n')"

`check` is called as check(history, model). An Unknown counts as a problem unless `undecided` is given,
which then counts them; so give the checker no limit, or a generous one. `only` restricts the specifications
(names of `specs.BY_NAME`), `sizes` the number of operations, `stop` the number of problems after which it
ends. Each problem is a text with the seed, the shrunk history and both opinions; `replay(check, seed)`
shows it again, and `cases(seed)` gives the histories themselves.

Invariants: a seed gives the same histories everywhere; undecided ones of the oracle (over its budget) are
skipped.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checkers.history import History, Op
from checkers.lincheck import Model
from checkers.verdict import Invalid, Unknown, Valid, Verdict
from tests.oracles import exact, midsize, padding
from tests.oracles.adapters import model_of
from tests.oracles.specs import BY_NAME, SPECS, Spec

Check = Callable[[History, Model], Verdict]
SMALL, MIDDLE = (1, 8), (8, 40)
BUDGET = 6_000
UNDECIDED = "the checker does not decide:"


@dataclass(frozen=True, slots=True)
class Case:
    """One history with its true verdict."""

    ops: list[Op]
    legal: bool
    spec: Spec
    model: Model
    how: str


def cases(
    seed: int, only: Iterable[str] = (), sizes: tuple[int, int] = MIDDLE, budget: int = BUDGET
) -> Iterator[Case]:
    """The histories of a seed; none if the oracle could not decide any."""
    dice = random.Random(f"attack {seed}")
    kinds = [BY_NAME[name] for name in only] or [*SPECS, *[BY_NAME["cas"]] * 5, *[BY_NAME["guards"]] * 3]
    spec = dice.choice(kinds)(dice, dice.choice([1, 2, 2, 3, 3, 4]))
    model = model_of(spec, dice)
    keys = dice.choice([1, 1, 1, 1, 3])
    ops = midsize.some(dice, spec, sizes, keys)
    for nasty, legal in midsize.border(dice, spec, ops, lambda ops: exact.legal(ops, spec, budget)):
        yield Case(nasty, legal, spec, model, "border")
        if dice.random() < 0.3:
            yield Case(padding.padded(dice, spec, nasty, legal), legal, spec, model, "padded")


def problem_of(check: Check, case: Case) -> str | None:
    """What is wrong with the checker's opinion of a case; None if nothing."""
    history = midsize.history_of(case.ops)
    verdict = check(history, case.model)
    if isinstance(verdict, Unknown):
        return f"{UNDECIDED} {verdict.reason}"
    if isinstance(verdict, Valid) != case.legal:
        return f"the checker says {type(verdict).__name__}, the oracle {'legal' if case.legal else 'illegal'}"
    if isinstance(verdict, Valid):
        return witness_fault(verdict, history, case.spec)
    return None


def witness_fault(verdict: Valid, history: History, spec: Spec) -> str | None:
    """What is wrong with the witness, if there is one."""
    parts = {midsize.key_of(part[0].key): part for part in exact.by_key(history)}
    for key, order in verdict.witness:
        fault = exact.fault_of(order, parts.pop(midsize.key_of(key), []), spec)
        if fault:
            return f"witness of key {key}: {fault}"
    return f"no witness for keys {sorted(parts, key=str)}" if verdict.witness and parts else None


def shrunk(check: Check, case: Case, budget: int = 200_000) -> Case:
    """The case without operations that the disagreement does not need; the verdict is asked of `exact`
    anew.
    """
    again = True
    while again:
        again = False
        for i in range(len(case.ops) - 1, -1, -1):
            ops = [*case.ops[:i], *case.ops[i + 1 :]]
            legal = exact.legal(ops, case.spec, budget)
            if legal is None:
                continue
            smaller = Case(ops, legal, case.spec, case.model, case.how)
            if problem_of(check, smaller):
                case, again = smaller, True
    return case


def told(case: Case, problem: str, seed: object) -> str:
    """A problem as text."""
    ops = sorted(case.ops, key=lambda op: op.call_ns)
    lines = [f"seed {seed} ({case.how}, {case.spec.name}, model {case.model.name}): {problem}"]
    lines += [
        f"  {i}: p{op.process} key {op.key} {op.f} {op.input} -> {op.output} {op.outcome.name} "
        f"[{op.call_ns}, {op.return_ns if op.outcome != 2 else 'open'}]"
        for i, op in enumerate(ops)
    ]
    more = {k: getattr(case.spec, k) for k in ("table", "rules") if hasattr(case.spec, k)}
    return "\n".join([*lines, f"  {more}"] if more else lines)


def disagreements(
    check: Check,
    seeds: Iterable[int],
    *,
    only: Iterable[str] = (),
    sizes: tuple[int, int] = MIDDLE,
    stop: int = 5,
    counts: Counter[str] | None = None,
    undecided: list[int] | None = None,
) -> list[str]:
    """The problems met in `seeds`, at most `stop`. counts: how many cases were legal, illegal and of each
    kind. undecided: gets the seeds that the checker did not decide.
    """
    problems: list[str] = []
    for seed in seeds:
        for case in cases(seed, tuple(only), sizes):
            if counts is not None:
                counts.update(["legal" if case.legal else "illegal", case.spec.name, case.how])
            problem = problem_of(check, case)
            if problem is None:
                continue
            if undecided is not None and problem.startswith(UNDECIDED):
                undecided.append(seed)
                continue
            small = shrunk(check, case)
            problems.append(told(small, f"{problem}; shrunk: {problem_of(check, small)}", seed))
            if len(problems) >= stop:
                return problems
    return problems


def replay(check: Check, seed: int, **options: object) -> None:
    """Print the problems of one seed."""
    print(*disagreements(check, [seed], **options), sep="\n")  # type: ignore[arg-type]


def verdict_name(verdict: Verdict) -> str:
    """ "Valid", "Invalid" or "Unknown"."""
    return type(verdict).__name__ if isinstance(verdict, Valid | Invalid) else "Unknown"
