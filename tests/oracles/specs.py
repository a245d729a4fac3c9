"""What a single correct copy of each object does, written a second time and shared with nobody.

A specification lists, for a state and a question, every (answer, state after). The same list judges
histories (is the observed answer in it?), simulates legal ones (pick one) and makes wild ones (pick one of
another state).

Invariants: pure; states are hashable tuples, strings, integers or None; answers and inputs are JSON values;
no code of `checkers` is used.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Sequence
from typing import Any

State = Hashable
Answers = list[tuple[Any, Any]]  # every (answer, state after)


def same(a: Any, b: Any) -> bool:
    """JSON equality: true is not 1, in lists neither."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


class Spec:
    """One object. `values`: size of the domain; `weights`: how often each operation is asked."""

    name = ""
    start: State = None
    functions: tuple[str, ...] = ()

    def __init__(self, dice: random.Random, values: int = 3) -> None:
        self.values = values
        self.weights = [dice.choice([1, 1, 2, 5]) for _ in self.functions]

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        """Everything that may be answered in `state`, and the state that each leads to."""
        raise NotImplementedError

    def ask(self, dice: random.Random, state: Any) -> tuple[str, Any]:
        """A question: (f, input). `state` is a hint at what would be interesting."""
        f = dice.choices(self.functions, self.weights)[0]
        return f, self.given(dice, f, state)

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        """The input of a question."""
        raise NotImplementedError

    def somewhere(self, dice: random.Random) -> Any:
        """Any state, plausible or not: wild answers are taken from there."""
        raise NotImplementedError

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        """Whether it leaves every state as it is; `answer` is None if unknown."""
        return False

    def after(self, state: Any, f: str, given: Any, answer: Any, crashed: bool) -> list[Any]:
        """The states after an operation that answered so (crashed: after any answer)."""
        return [then for said, then in self.answers(state, f, given) if crashed or same(said, answer)]


class Register(Spec):
    """One value, None at first."""

    name = "register"
    functions: tuple[str, ...] = ("read", "write")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        return [(None, given)] if f == "write" else [(state, state)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return dice.randrange(self.values) if f == "write" else None

    def somewhere(self, dice: random.Random) -> Any:
        return dice.choice([None, *range(self.values), *range(self.values)])

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return f == "read"


class Cas(Register):
    """A register with compare-and-set; an answer False says that the value was another."""

    name = "cas"
    functions: tuple[str, ...] = ("read", "write", "cas")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f != "cas":
            return super().answers(state, f, given)
        return [(True, given[1])] if given[0] == state else [(False, state)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        if f != "cas":
            return super().given(dice, f, state)
        return [state if dice.random() < 0.5 else self.somewhere(dice), dice.randrange(self.values)]

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return f == "read" or (f == "cas" and answer is False)


class WeakCas(Cas):
    """The same, but a cas may be refused although the value matches."""

    name = "weak-cas"

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f == "cas" and given[0] == state:
            return [(True, given[1]), (False, state)]
        return super().answers(state, f, given)


class Text(Spec):
    """A string, "" at first: get, put, append."""

    name = "key-value"
    start = ""
    functions: tuple[str, ...] = ("get", "put", "append")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f == "get":
            return [(state, state)]
        return [(None, given if f == "put" else state + given)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return None if f == "get" else "abcd"[dice.randrange(self.values)]

    def somewhere(self, dice: random.Random) -> Any:
        return "".join(dice.choice("abcd"[: self.values]) for _ in range(dice.randrange(4)))

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return f == "get"


class Words(Text):
    """The same with appends and puts that overlap, contain each other, or are empty."""

    WORDS = ("a", "ab", "b", "", "aa", "ba")

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return None if f == "get" else dice.choice(self.WORDS[: self.values + 2])

    def somewhere(self, dice: random.Random) -> Any:
        return "".join(dice.choice("ab") for _ in range(dice.choice([0, 1, 2, 2, 3, 4])))


class Fifo(Spec):
    """A queue; dequeue of nothing answers None."""

    name = "fifo-queue"
    start: State = ()
    functions: tuple[str, ...] = ("enqueue", "dequeue")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f == "enqueue":
            return [(None, (*state, given))]
        return [(state[0], state[1:])] if state else [(None, state)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return dice.randrange(self.values) if f == "enqueue" else None

    def somewhere(self, dice: random.Random) -> Any:
        return tuple(dice.randrange(self.values) for _ in range(dice.choice([0, 1, 2, 3])))


class Bag(Fifo):
    """A queue without order: dequeue gives any element. The state is sorted."""

    name = "unordered-queue"

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f == "enqueue":
            return [(None, tuple(sorted((*state, given))))]
        if not state:
            return [(None, state)]
        taken = []
        for value in sorted(set(state)):
            rest = list(state)
            rest.remove(value)
            taken.append((value, tuple(rest)))
        return taken


class Set(Spec):
    """A set: add, remove, contains (true or false), read (all elements, rising)."""

    name = "set"
    start: State = ()
    functions: tuple[str, ...] = ("add", "remove", "contains", "read")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f == "add":
            return [(None, tuple(sorted({*state, given})))]
        if f == "remove":
            return [(None, tuple(v for v in state if v != given))]
        return [(given in state, state)] if f == "contains" else [(list(state), state)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return None if f == "read" else dice.randrange(self.values)

    def somewhere(self, dice: random.Random) -> Any:
        return tuple(v for v in range(self.values) if dice.random() < 0.5)

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return f in ("contains", "read")


class Counter(Spec):
    """A number, 0 at first: add (may be negative), read."""

    name = "counter"
    start = 0
    functions: tuple[str, ...] = ("add", "read")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        return [(None, state + given)] if f == "add" else [(state, state)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return dice.choice([1, 1, 2, -1][: self.values + 1]) if f == "add" else None

    def somewhere(self, dice: random.Random) -> Any:
        return dice.randrange(-1, 5)

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return f == "read"


class Mutex(Spec):
    """A lock: acquire, release; neither is possible in the other's place."""

    name = "mutex"
    start = False
    functions: tuple[str, ...] = ("acquire", "release")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        return [(None, not state)] if state == (f == "release") else []

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return None

    def ask(self, dice: random.Random, state: Any) -> tuple[str, Any]:
        return ("release" if state else "acquire") if dice.random() < 0.9 else dice.choice(
            self.functions
        ), None

    def somewhere(self, dice: random.Random) -> Any:
        return dice.random() < 0.5


class Several(Spec):
    """Registers x and y, read and written together: the input is a list of [f, key, value]; a read gives its
    value in the answer, which is otherwise the input.
    """

    name = "multi-register"
    start: State = (None, None)
    functions: tuple[str, ...] = ("txn",)

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        now = list(state)
        said = []
        for kind, key, value in given:
            if kind == "w":
                now["xy".index(key)] = value
            said.append([kind, key, now["xy".index(key)] if kind == "r" else value])
        return [(said, tuple(now))]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        keys = dice.sample("xy", dice.choice([1, 1, 2]))
        kind = dice.choice("rw")
        return [[kind, key, dice.randrange(self.values) if kind == "w" else None] for key in keys]

    def somewhere(self, dice: random.Random) -> Any:
        return tuple(dice.choice([None, *range(self.values)]) for _ in "xy")

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return all(kind == "r" for kind, _, _ in given)


class Automaton(Spec):
    """A table made by the dice: up to five operations over up to five states, some impossible, some with more
    than one outcome, many of them silent (they leave the state as it is).
    """

    name = "automaton"
    start = 0

    def __init__(self, dice: random.Random, values: int = 3) -> None:
        self.functions = tuple(f"t{i}" for i in range(dice.randint(2, 5)))
        super().__init__(dice, values)
        self.size = dice.randint(2, 5)
        silent = dice.choice([0.1, 0.3, 0.6])
        illegal = dice.choice([0.0, 0.2, 0.5])
        ways = [0, *[1] * 8, 2] if dice.random() < 0.5 else [1]
        self.table: dict[tuple[int, str], Answers] = {}
        for state in range(self.size):
            for f in self.functions:
                count = 0 if dice.random() < illegal else dice.choice(ways)
                self.table[state, f] = [
                    (dice.randrange(2), state if dice.random() < silent else dice.randrange(self.size))
                    for _ in range(count)
                ]
        self.honest = dice.random() < 0.7

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        return self.table[state, f]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return None

    def somewhere(self, dice: random.Random) -> Any:
        return dice.randrange(self.size)

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        """As the table has it, or nothing (which a model may always say)."""
        if not self.honest:
            return False
        crashed = answer is None
        return all(set(self.after(s, f, given, answer, crashed)) <= {s} for s in range(self.size))


class Guards(Spec):
    """Transitions that compare and set, made by the dice: each expects a state or does not, forbids one or
    does not, assigns one or does not; None stands for "any". The answer is always None.
    """

    name = "guards"
    start = 0

    def __init__(self, dice: random.Random, values: int = 3) -> None:
        self.functions = tuple(f"g{i}" for i in range(dice.randint(2, 7)))
        super().__init__(dice, values)

        def maybe(chance: float) -> int | None:
            return dice.randrange(values) if dice.random() < chance else None

        self.rules = {f: (maybe(0.5), maybe(0.25), maybe(0.65)) for f in self.functions}

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        expect, forbid, assign = self.rules[f]
        if expect not in (None, state) or forbid == state:
            return []
        return [(None, state if assign is None else assign)]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        return None

    def somewhere(self, dice: random.Random) -> Any:
        return dice.randrange(self.values)

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        expect, _, assign = self.rules[f]
        return assign is None or assign == expect


SPECS: Sequence[Callable[[random.Random, int], Spec]] = (
    Register, Cas, WeakCas, Text, Fifo, Bag, Set, Counter, Mutex, Several, Automaton, Guards,
)  # fmt: skip
BY_NAME = {spec.name: spec for spec in SPECS}  # type: ignore[attr-defined]
